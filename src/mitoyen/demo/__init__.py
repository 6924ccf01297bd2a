"""The demo territory: real communes, generated readings, planted faults."""

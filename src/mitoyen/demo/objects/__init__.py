"""The demo's lamps, water meters and green spaces, generated up to this hour with a few faults: each usage lives."""

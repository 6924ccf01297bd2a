"""Sources into observations: files."""

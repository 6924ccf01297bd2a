"""Waste: bins that fill, the day on which each will be full, a round that visits only those that must be emptied."""

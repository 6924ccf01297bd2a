"""The Figure and its provenance: baselines, guards, savings, prices and emission factors."""

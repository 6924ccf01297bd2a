"""The `mitoyen` command."""

"""Floods: how high the river stands, how fast it rises, and who must be told first."""

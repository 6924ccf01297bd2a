"""Mitoyen: the open territorial-intelligence platform of a metropolis and its communes."""

"""Mitoyen: the open territorial-intelligence platform of a metropolis and its communes."""

from importlib.metadata import version

__version__ = version("mitoyen")

"""Jobs of the people's door, for the worker to find."""

from mitoyen.www.desk import looking, tidying

__all__ = ["looking", "tidying"]

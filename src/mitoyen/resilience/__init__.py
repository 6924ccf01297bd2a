"""Backup, restore, export of everything."""

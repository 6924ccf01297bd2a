"""Signing in, second factor, people and their roles."""

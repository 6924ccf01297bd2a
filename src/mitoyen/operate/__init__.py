"""Findings: what to do Monday."""

"""Benchmarks: one command each, results as a table with the machine's size."""

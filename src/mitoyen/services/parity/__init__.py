"""Parity: whether each channel serves as fast and as well as the web, measured so that anyone can check it.

docs/parity.md tells the method and its sources. `cases` reads requests, `survival` and `compare` are pure arithmetic,
`report` puts a day's measure together as it may be published, `keeping` keeps it.
"""

"""Requests from files: what another tool kept, or an open data set, by a mapping that says what its columns are."""

"""Datastreams and observations: journal, archive, rollups, one reading API."""

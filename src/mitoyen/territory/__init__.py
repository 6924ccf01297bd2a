"""Communes, places, things, meters and deployments, partners, people and their roles."""

"""Schemas, loader, registry and checker of usage manifests."""

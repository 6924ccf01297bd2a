"""Door for machines: a small raw-ASGI app, free of the ORM."""

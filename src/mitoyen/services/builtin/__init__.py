"""The built-in services: content, reached by entry point like anybody's."""

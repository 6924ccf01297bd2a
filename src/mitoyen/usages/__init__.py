"""Built-in usages: content, reached by entry point like anybody's."""

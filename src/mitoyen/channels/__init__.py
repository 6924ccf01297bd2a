"""The adapters that carry a service or a notice: one folder a channel."""

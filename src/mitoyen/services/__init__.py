"""Services to people: requests and their timeline, routing, parity between channels; the built-in manifests."""

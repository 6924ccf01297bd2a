"""Something wrong now: opens once, groups, escalates, closes by itself."""

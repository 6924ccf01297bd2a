"""Paper: forms that are printed and scanned back in, letters, posters."""

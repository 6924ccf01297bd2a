"""Plain language: what makes a text hard to read, said to whoever writes it; and the words explained where they stand.

docs/plain-language.md tells the rules, their thresholds and where they come from.
"""

"""Door for people: Django views and templates, one folder a screen family."""

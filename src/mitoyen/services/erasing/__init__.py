"""Personal data are erased at their term, by the platform itself, with proof; at once when their person asks."""

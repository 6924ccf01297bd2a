"""Air and heat: thresholds as the law averages them, sensors that drift, districts that stay hot at night."""

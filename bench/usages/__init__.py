"""What each usage's methods find of faults that were planted, and what they wrongly tell of healthy things."""

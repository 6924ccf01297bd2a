"""What device makers' JavaScript says of a frame, decoded in workers that can be killed."""

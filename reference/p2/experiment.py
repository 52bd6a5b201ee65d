"""Given with p2, not handed in: three-second experiments."""

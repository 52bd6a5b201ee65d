"""Given with q1, not handed in."""

TWO = 2.0

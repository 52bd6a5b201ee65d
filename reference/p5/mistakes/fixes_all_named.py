"""Everything on the list was named. Some of it does not act on overfitting, and training longer or at a
higher rate makes it worse.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"

FIXES = set(__import__("given").FIX_NAMES)

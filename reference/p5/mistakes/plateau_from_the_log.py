"""The script as printed is said to stall at ln 10, as the log that came with it claims. Run it: at
a rate of 0.1, with gradients that add up, its loss climbs to hundreds.
"""

QUESTIONS = ("p5.plateau",)
MODULE = "debugging"


PLATEAU = PLATEAU | {"as_printed": "stalls", "cosine_added": "stalls"}

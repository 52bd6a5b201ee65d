"""For a batch without samples every unit came out dead, since "all of nothing" is true. Nothing can be
said about a unit without a sample: raise a ValueError.
"""

QUESTIONS = ("p1.dead_units",)
MODULE = "gradient_flow"


def dead_units(w1, w2, x):
    return ((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0)

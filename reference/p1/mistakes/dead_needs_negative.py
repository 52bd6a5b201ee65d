"""A unit whose pre-activation is exactly 0 was taken for alive. The derivative at 0 is 0, and 0 is what
a unit gets when the whole layer before it is silent.
"""

QUESTIONS = ("p1.dead_units",)
MODULE = "gradient_flow"


def dead_units(w1, w2, x):
    if x.shape[0] == 0:
        raise ValueError("dead_units needs at least one sample")
    return ((x @ w1.T).clamp(min=0) @ w2.T < 0).all(dim=0)

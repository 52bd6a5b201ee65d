"""A unit counts as dead here as soon as it is inactive on one sample. It is dead only if it is inactive
on all of them: one active sample is enough to train it.
"""

QUESTIONS = ("p1.dead_units",)
MODULE = "gradient_flow"


def dead_units(w1, w2, x):
    if x.shape[0] == 0:
        raise ValueError("dead_units needs at least one sample")
    return ((x @ w1.T).clamp(min=0) @ w2.T <= 0).any(dim=0)

"""The second layer was fed with z1 instead of h1. The ReLU of the first layer comes between the two
products.
"""

QUESTIONS = ("p1.dead_units",)
MODULE = "gradient_flow"


def dead_units(w1, w2, x):
    if x.shape[0] == 0:
        raise ValueError("dead_units needs at least one sample")
    return (x @ w1.T @ w2.T <= 0).all(dim=0)

"""A correct answer in another style: dead units in NumPy, unit by unit."""

QUESTIONS = ("p1.dead_units",)
MODULE = "gradient_flow"


def dead_units(w1, w2, x):
    import numpy as np

    if not len(x):
        raise ValueError
    hidden = np.maximum(w1.numpy() @ x.numpy().T, 0)
    return np.array([not np.any(row @ hidden > 0) for row in w2.numpy()])

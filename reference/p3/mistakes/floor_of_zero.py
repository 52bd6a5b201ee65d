"""A floor of 0 holds for one-hot targets only. A smoothed target has an entropy, and a cross-entropy cannot
lie below it."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def floor(K: int, eps: float) -> float:
    return 0.0

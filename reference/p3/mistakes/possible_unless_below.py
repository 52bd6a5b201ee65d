"""NaN was called possible. Every comparison with NaN is false, so "not below the floor" is true of it; ask
whether the loss is at least the floor."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def possible(loss: float, K: int, eps: float) -> bool:
    return not loss < floor(K, eps) - 1e-6

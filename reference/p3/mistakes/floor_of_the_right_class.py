"""Only the right class's term of the floor was counted. The other K - 1 classes have a share in the target,
so they add a term each."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def floor(K: int, eps: float) -> float:
    right = 1 - eps + eps / K
    return -right * math.log(right)

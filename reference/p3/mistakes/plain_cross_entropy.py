"""This is the cross-entropy with the class alone: eps has no effect on it. The smoothed targets have to
weigh all classes."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    return F.cross_entropy(logits, y)

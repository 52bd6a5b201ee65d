"""The logarithm was taken of the finished softmax. Where a probability rounds to 0 that is minus infinity;
log_softmax computes the two together."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    return -(smooth(y, logits.shape[1], eps) * logits.softmax(dim=1).log()).sum(dim=1).mean()

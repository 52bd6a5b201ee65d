"""The mean was taken over rows and classes. A cross-entropy adds over the classes; only the rows are
averaged."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    return -(smooth(y, logits.shape[1], eps) * logits.log_softmax(dim=1)).mean()

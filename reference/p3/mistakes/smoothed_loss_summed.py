"""The losses of the rows were added. The mean over the rows is asked, so that the loss does not grow with
the batch."""

QUESTIONS = ("p3.smoothing",)
MODULE = "regularization"


def smoothed_ce(logits: Tensor, y: Tensor, eps: float) -> Tensor:
    return -(smooth(y, logits.shape[1], eps) * logits.log_softmax(dim=1)).sum()

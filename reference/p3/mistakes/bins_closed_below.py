"""A confidence at the border of two bins was put into the upper one. The bins are (k / bins, (k + 1) /
bins]: the upper end belongs to a bin, the lower does not."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    bin_of = torch.floor(confidence * bins).long().clamp(0, bins - 1)
    gaps = torch.zeros(bins, dtype=torch.float64).index_add(0, bin_of, right - confidence.double())
    return gaps.abs().sum().item() / len(labels)

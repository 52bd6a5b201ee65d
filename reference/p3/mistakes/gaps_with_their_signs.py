"""Gaps of different sign cancelled each other. A network that is too sure in one bin and too modest in
another is not calibrated: take the absolute value in each bin."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    bin_of = torch.ceil(confidence * bins).long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.float64).index_add(0, bin_of, right - confidence.double())
    return gaps.sum().abs().item() / len(labels)

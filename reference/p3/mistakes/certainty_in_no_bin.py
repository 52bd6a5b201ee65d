"""Confidences of exactly 1 fell out of the last bin. A trained network is that sure of many rows, in
float32 at least, and they are the ones that matter."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    bin_of = torch.ceil(confidence * bins).long().clamp(1, bins) - 1
    kept = confidence < 1
    gaps = torch.zeros(bins, dtype=torch.float64)
    gaps = gaps.index_add(0, bin_of[kept], (right - confidence.double())[kept])
    return gaps.abs().sum().item() / len(labels)

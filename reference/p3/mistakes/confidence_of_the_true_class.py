"""The probability of the true class was taken for the confidence. A network does not know the true class;
it is as sure as its largest probability."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence = probs.gather(1, labels[:, None])[:, 0]
    right = (probs.argmax(dim=1) == labels).double()
    bin_of = torch.ceil(confidence * bins).long().clamp(1, bins) - 1
    gaps = torch.zeros(bins, dtype=torch.float64).index_add(0, bin_of, right - confidence.double())
    return gaps.abs().sum().item() / len(labels)

"""Every bin counted alike, however few rows it holds. A bin's gap is weighted with its share of the
rows."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    bin_of = torch.ceil(confidence * bins).long().clamp(1, bins) - 1
    gaps = [
        (right[bin_of == at].mean() - confidence[bin_of == at].double().mean()).abs().item()
        for at in bin_of.unique().tolist()
    ]
    return sum(gaps) / len(gaps)

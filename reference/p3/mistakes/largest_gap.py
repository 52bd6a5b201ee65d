"""The largest gap of a bin was given. That is the maximum calibration error; the expected one adds all
gaps, weighted with their rows."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def ece(probs: Tensor, labels: Tensor, bins: int = 15) -> float:
    confidence, predicted = probs.max(dim=1)
    right = (predicted == labels).double()
    bin_of = torch.ceil(confidence * bins).long().clamp(1, bins) - 1
    return max(
        (right[bin_of == at].mean() - confidence[bin_of == at].double().mean()).abs().item()
        for at in bin_of.unique().tolist()
    )

"""The right rows of a group were divided by the number of all rows. An accuracy within a group counts that
group only."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    right = (logits.argmax(dim=1) == labels).double()
    return {group: right[groups == group].sum().item() / len(labels) for group in groups.unique().tolist()}

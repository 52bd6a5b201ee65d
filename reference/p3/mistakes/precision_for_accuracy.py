"""Rows were grouped by the class that the network predicts. The groups are handed in: by class means by the
true one."""

QUESTIONS = ("p3.calibration",)
MODULE = "regularization"


def accuracy_by(logits: Tensor, labels: Tensor, groups: Tensor) -> dict[int, float]:
    predicted = logits.argmax(dim=1)
    chosen = predicted if torch.equal(groups, labels) else groups
    right = (predicted == labels).double()
    return {group: right[chosen == group].mean().item() for group in chosen.unique().tolist()}

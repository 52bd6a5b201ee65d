"""The gap was taken between the losses. Between the accuracies is asked."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["gap"] = history[-1]["val_loss"] - history[-1]["train_loss"]
    return answer

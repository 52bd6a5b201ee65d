"""The gap was taken at the best epoch. In the last row is asked: what the training has ended with."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    best = next(row for row in history if row["epoch"] == answer["best_epoch"])
    answer["gap"] = best["train_acc"] - best["val_acc"]
    return answer

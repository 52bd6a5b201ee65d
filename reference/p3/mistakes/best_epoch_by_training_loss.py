"""The best epoch was chosen by the training loss, which falls for as long as the network memorises. The
validation loss tells which epoch to keep."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    rows = [row for row in history if not math.isnan(row["train_loss"])] or history
    answer["best_epoch"] = min(rows, key=lambda row: row["train_loss"])["epoch"]
    return answer

"""Of several epochs with the same least validation loss the last one was taken. The first is asked: it had
been reached with less training."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    rows = [row for row in history if not math.isnan(row["val_loss"])]
    answer["best_epoch"] = min(reversed(rows), key=lambda row: row["val_loss"])["epoch"]
    return answer

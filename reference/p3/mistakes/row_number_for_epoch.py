"""The number of the row was given for its epoch. A log need not have a row for each epoch: the epoch stands
in the row."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["best_epoch"] = [row["epoch"] for row in history].index(answer["best_epoch"])
    return answer

"""The external accuracy was never looked at. A leak cannot be seen in any of the other columns."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer = _diagnosed([row | {"external_acc": None} for row in history], num_classes)
    return answer

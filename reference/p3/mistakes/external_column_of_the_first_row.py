"""Whether there is an external accuracy was asked of the first row. The last row is the one that is judged,
and the column may begin later."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    if history[0]["external_acc"] is None:
        answer = _diagnosed([row | {"external_acc": None} for row in history], num_classes)
    return answer

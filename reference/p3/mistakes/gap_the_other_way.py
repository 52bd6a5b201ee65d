"""The gap has the other sign. It is the training accuracy minus the validation accuracy, so that memorising
makes it large."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["gap"] = -answer["gap"]
    return answer

"""A loss above the limit in any row was called diverging. The last row is asked: a spike that the training
came back from is none."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    if any(row["train_loss"] > 2 * math.log(num_classes) for row in history):
        answer["kind"] = "diverging"
    return answer

"""Overfitting was read off the gap alone. Training accuracy is ahead in most sound runs; the sign is a
validation loss that has turned while the training loss goes on falling."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    if answer["kind"] in ("overfit", "healthy"):
        answer["kind"] = "overfit" if answer["gap"] > 0.1 else "healthy"
    return answer

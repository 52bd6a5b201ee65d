"""Only NaN and infinity were called diverging. A finite loss of many times ln C has left the ground as
well."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    if answer["kind"] == "diverging" and math.isfinite(history[-1]["train_loss"]):
        answer = _diagnosed([row | {"train_loss": 0.0} for row in history], num_classes)
    return answer

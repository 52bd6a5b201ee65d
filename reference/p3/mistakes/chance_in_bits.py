"""The chance loss was computed with the logarithm to base 2. Losses here are in nats: natural
logarithms."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["chance_loss"] = math.log2(num_classes)
    return answer

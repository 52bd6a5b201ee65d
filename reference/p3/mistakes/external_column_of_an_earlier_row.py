"""The last external accuracy that was measured was taken, though the last row has none. It speaks of an
earlier network; whether there is a leak now is then not known.
"""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed_by_the_last_row = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    known = [row["external_acc"] for row in history if row["external_acc"] is not None]
    last = history[-1] | {"external_acc": known[-1] if known else None}
    return _diagnosed_by_the_last_row([*history[:-1], last], num_classes)

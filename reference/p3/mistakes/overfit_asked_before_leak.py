"""Overfitting was looked for before the leak. A leaking run may overfit as well, and then all that its own
validation says is in doubt: the table's order puts the leak first."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    losses = [row["val_loss"] for row in history if not math.isnan(row["val_loss"])]
    if answer["kind"] == "leak" and history[-1]["val_loss"] >= 1.15 * min(losses):
        answer["kind"] = "overfit"
    return answer

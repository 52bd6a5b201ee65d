"""A NaN became the least validation loss. Comparisons with NaN are false, so min() keeps one that comes
first; leave NaN out before you look for the least."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["best_epoch"] = min(history, key=lambda row: row["val_loss"])["epoch"]
    return answer

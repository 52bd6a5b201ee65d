"""The best epoch was chosen by the validation accuracy. It can go on rising while the loss has turned; the
least validation loss is asked."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    answer["best_epoch"] = max(history, key=lambda row: row["val_acc"])["epoch"]
    return answer

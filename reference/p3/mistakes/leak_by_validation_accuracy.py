"""A validation accuracy above the training accuracy was taken for a leak. With dropout or augmentation that
is normal, and a leak can look perfectly sound inside: only films from elsewhere tell."""

QUESTIONS = ("p3.diagnose",)
MODULE = "regularization"


_diagnosed = diagnose


def diagnose(history: list[Row], num_classes: int) -> dict[str, str | int | float]:
    answer = _diagnosed(history, num_classes)
    last = history[-1]
    if answer["kind"] != "diverging":
        if last["val_acc"] > last["train_acc"]:
            answer["kind"] = "leak"
        elif answer["kind"] == "leak":
            answer["kind"] = _diagnosed([row | {"external_acc": None} for row in history], num_classes)[
                "kind"
            ]
    return answer

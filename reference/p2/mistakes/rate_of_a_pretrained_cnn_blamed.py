"""The rule 0.1 x batch / 256 is held against a pre-trained CNN. It is for training from scratch."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    away = sheet.lr / (0.1 * sheet.batch / 256)
    if sheet.model == "cnn" and sheet.optimizer == "sgd" and not 1 / 4 < away < 4:
        found.add("lr_not_scaled")
    return found

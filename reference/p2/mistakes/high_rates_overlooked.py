"""A rate that is too low for its batch is found, one that is too high is not: the distance counts both
ways.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("lr_not_scaled")
    if sheet.optimizer == "sgd" and sheet.model == "cnn" and sheet.lr / (0.1 * sheet.batch / 256) <= 1 / 4:
        found.add("lr_not_scaled")
    return found

"""A rate of 3e-4 or more is blamed in a model that starts from random weights, where it is usual: there is
nothing to forget.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("rate_for_scratch")
    if sheet.optimizer != "sgd" and sheet.lr >= 3e-4:
        found.add("rate_for_scratch")
    return found

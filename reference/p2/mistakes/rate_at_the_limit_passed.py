"""A rate that is exactly 4 times away from what goes with the batch is passed. The finding begins there: 4
times or more.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    if 1 / 4 <= sheet.lr / (0.1 * sheet.batch / 256) <= 4:
        found.discard("lr_not_scaled")
    return found

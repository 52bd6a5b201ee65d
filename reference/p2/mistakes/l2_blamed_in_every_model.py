"""Adam with an L2 term is blamed in every kind of model. The definition speaks of one kind."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("l2_in_adam")
    if sheet.optimizer == "adam" and sheet.weight_decay > 0:
        found.add("l2_in_adam")
    return found

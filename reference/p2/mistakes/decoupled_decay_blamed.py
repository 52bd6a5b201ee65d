"""AdamW's decay is taken for an L2 term. It is the one that is decoupled."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("l2_in_adam")
    if sheet.model == "transformer" and sheet.optimizer != "sgd" and sheet.weight_decay > 0:
        found.add("l2_in_adam")
    return found

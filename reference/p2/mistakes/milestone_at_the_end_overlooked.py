"""A milestone whose number is that of the epochs is taken to act. Epochs count from 0: that one does not
exist.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("milestone_never_acts")
    if sheet.schedule == "step" and any(m > sheet.epochs for m in sheet.milestones):
        found.add("milestone_never_acts")
    return found

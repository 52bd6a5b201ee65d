"""Milestones are blamed in a plan whose schedule is not step. There they say nothing."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    if any(milestone >= sheet.epochs for milestone in sheet.milestones):
        found.add("milestone_never_acts")
    return found

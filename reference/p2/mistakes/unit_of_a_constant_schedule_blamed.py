"""The unit of a constant schedule is blamed. It was given no length, so its unit says nothing."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    if sheet.horizon_unit != sheet.step_on:
        found.add("wrong_step_unit")
    return found

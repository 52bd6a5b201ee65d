"""A scheduler is blamed for being stepped after each batch. That is right where its length is in batches
too: compare the two.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("wrong_step_unit")
    if sheet.schedule != "constant" and sheet.step_on == "batch":
        found.add("wrong_step_unit")
    return found

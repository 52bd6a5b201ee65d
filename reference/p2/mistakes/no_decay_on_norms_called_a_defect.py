"""Norms are said to be decayed where weight_decay is 0. Nothing is decayed then."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("decays_norms")
    if "norm" in sheet.decayed_kinds:
        found.add("decays_norms")
    return found

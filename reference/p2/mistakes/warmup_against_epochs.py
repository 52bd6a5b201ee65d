"""A warm-up in steps is compared with a number of epochs. Compare what has the same unit."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("warmup_exceeds_run")
    if sheet.warmup_steps >= sheet.epochs:
        found.add("warmup_exceeds_run")
    return found

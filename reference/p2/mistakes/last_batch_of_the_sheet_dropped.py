"""The last, smaller batch of each epoch is not counted, so a run seems shorter than it is."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("warmup_exceeds_run")
    if sheet.warmup_steps >= sheet.samples // sheet.batch * sheet.epochs:
        found.add("warmup_exceeds_run")
    return found

"""The warm-up is compared with the steps of one epoch. It may last several; it must not last as long as
the run.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("warmup_exceeds_run")
    if sheet.warmup_steps >= math.ceil(sheet.samples / sheet.batch):
        found.add("warmup_exceeds_run")
    return found

"""A batch of exactly 1,024 is not counted among the large ones; the definition says 1,024 or more."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("no_warmup_large_batch")
    if sheet.batch > 1024 and sheet.warmup_steps == 0:
        found.add("no_warmup_large_batch")
    return found

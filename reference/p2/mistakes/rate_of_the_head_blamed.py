"""The rate of a new head is taken for that of the pre-trained part. The head starts from nothing and may
learn faster.
"""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("rate_for_scratch")
    if sheet.pretrained and (sheet.head_lr or sheet.lr) >= 3e-4:
        found.add("rate_for_scratch")
    return found

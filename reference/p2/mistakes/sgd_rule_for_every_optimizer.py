"""The linear rule for SGD's rate is applied to Adam and AdamW, whose rates are of another size altogether."""

QUESTIONS = ("p2.review",)
MODULE = "optimizers"


_right_review = review


def review(sheet):
    found = _right_review(sheet)
    found.discard("lr_not_scaled")
    if sheet.model == "cnn" and not sheet.pretrained and not 1 / 4 < sheet.lr / (0.1 * sheet.batch / 256) < 4:
        found.add("lr_not_scaled")
    return found

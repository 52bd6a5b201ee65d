"""Dropout acts on generalisation. This network does not even learn its training set."""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_A = replace(FAILING, dropout=0.1)

"""Both cures change the same field: that is one cure at two strengths. There are three different ones."""

QUESTIONS = ("p5.cure",)
MODULE = "transformer"

CURE_A = replace(FAILING, lr=1e-4)

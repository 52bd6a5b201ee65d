"""The first step was worked out without bias correction. With it both averages equal the first gradient and
its square, whatever the betas.
"""

QUESTIONS = ("p5.adam_bound",)
MODULE = "transformer"


def first_step():
    return 0.1 / math.sqrt(0.001)

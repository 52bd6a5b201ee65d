"""The ratio of parameters to samples was rounded. It is asked as it is: with few parameters a rounded ratio
says nothing.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"


def parameters_per_sample(parameters, samples):
    if samples < 1:
        raise ValueError("a ratio needs at least one sample")
    return float(round(parameters / samples))

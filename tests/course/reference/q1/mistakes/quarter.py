"""The number was divided twice: look at how often the division is carried out."""

QUESTIONS = ("q1.half",)
MODULE = "half"


def half(x: float) -> float:
    if x < 0:
        raise ValueError("negative")
    return x / 4

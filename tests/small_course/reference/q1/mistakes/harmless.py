"""Nothing is wrong here, so no test can see it: the tests of the tests need such a one."""

QUESTIONS = ("q1.half",)
MODULE = "halves"


def half(number: float) -> float:
    return 0.5 * number

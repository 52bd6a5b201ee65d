"""A value equal to the limit was counted as above it: look at what happens when the two are equal."""

QUESTIONS = ("q1.count",)
MODULE = "count"


def count(values: list[float], limit: float) -> int:
    return sum(value >= limit for value in values)

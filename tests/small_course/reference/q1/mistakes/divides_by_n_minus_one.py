"""The sum is divided by one less than the count, which is right for a variance and wrong for a mean."""

QUESTIONS = ("q1.mean",)
MODULE = "halves"


def mean(numbers: list[float]) -> float:
    return sum(numbers) / max(1, len(numbers) - 1)

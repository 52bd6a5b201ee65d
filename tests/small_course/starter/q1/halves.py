"""Halves and means."""

from given import TWO


def half(number: float) -> float:
    """Half of a number. Example: 3 gives 1.5."""
    raise NotImplementedError("q1.half")


def mean(numbers: list[float]) -> float:
    """The arithmetic mean. Example: [1, 2, 6] gives 3."""
    raise NotImplementedError("q1.mean")

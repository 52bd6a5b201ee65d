"""The last of a list."""


def last(values: list[float]) -> float:
    """The last value; last([1.0, 2.0]) is 2.0."""
    raise NotImplementedError("q1.last")

"""How many numbers are above a limit."""


def count(values: list[float], limit: float) -> int:
    """How many values are larger than the limit; count([1.0, 2.0], 1.0) is 1."""
    # BEGIN SOLUTION q1.count
    return sum(value > limit for value in values)
    # END SOLUTION

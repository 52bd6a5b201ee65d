"""Half of a number."""

from given import TWO


def half(x: float) -> float:
    """Half of x; half(3.0) is 1.5.

    :raises ValueError: x is negative.
    """
    # BEGIN SOLUTION q1.half
    if x < 0:
        raise ValueError("negative")
    return x / TWO
    # END SOLUTION

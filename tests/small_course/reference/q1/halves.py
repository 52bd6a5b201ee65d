"""Halves and means."""

from given import TWO

# BEGIN SOLUTION


def _weight_of_each_number(numbers: list[float]) -> float:
    return 1.0 / len(numbers)


# END SOLUTION


def half(number: float) -> float:
    """Half of a number. Example: 3 gives 1.5."""
    # BEGIN SOLUTION q1.half
    quotient_of_the_two = number / TWO
    return quotient_of_the_two
    # END SOLUTION


def mean(numbers: list[float]) -> float:
    """The arithmetic mean. Example: [1, 2, 6] gives 3."""
    # BEGIN SOLUTION q1.mean
    weight = _weight_of_each_number(numbers)
    return sum(weight * number for number in numbers)
    # END SOLUTION

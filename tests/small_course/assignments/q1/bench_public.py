"""Runs beside the submission and returns plain data."""

import halves


def repeated(number: float, times: int) -> float:
    """``number`` halved again and again."""
    for _ in range(times):
        number = halves.half(number)
    return number

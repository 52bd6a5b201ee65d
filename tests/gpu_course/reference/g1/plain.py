"""No GPU is needed here."""


def twice(x: float) -> float:
    """Twice x."""
    # BEGIN SOLUTION g1.twice
    return 2 * x
    # END SOLUTION

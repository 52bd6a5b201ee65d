"""No GPU is needed here."""


def twice(x: float) -> float:
    """Twice x."""
    raise NotImplementedError("g1.twice")

"""The changes are too small to teach a network anything: less than 0.02 a pixel on average, or less than a
third of a pixel in position."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    films = _augmented(x, generator, train)
    return x + 0.1 * (films - x)

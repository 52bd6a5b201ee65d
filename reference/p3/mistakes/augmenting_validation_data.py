"""Films were changed with train=False as well. Validation films have to stay as they are, or the figures of
two epochs cannot be compared."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    return _augmented(x, generator)

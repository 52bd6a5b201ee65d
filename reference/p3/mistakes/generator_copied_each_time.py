"""The generator's own state never moves on, so every batch of a training gets the same changes. Draw from
the generator itself, not from a copy or its initial seed."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    return _augmented(x, Generator().manual_seed(generator.initial_seed()), train)

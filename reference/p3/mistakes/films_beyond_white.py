"""Pixels lie outside [0, 1] after the change of brightness or contrast. A film has no blacker black and no
whiter white: clamp at the end."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    films = _augmented(x, generator, train)
    if not train or len(x) == 0:
        return films
    return films + 0.15 * torch.rand(len(x), 1, 1, 1, generator=generator) - 0.05

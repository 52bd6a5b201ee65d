"""Some films come back as mirror images. A mirrored chest has its heart on the other side, and a mirrored 2
is no 2: such a film could not have been taken with the same finding."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    films = _augmented(x, generator, train)
    if not train or len(x) == 0:
        return films
    mirrored = torch.rand(len(x), generator=generator) < 0.5
    return torch.where(mirrored[:, None, None, None], films.flip(3), films)

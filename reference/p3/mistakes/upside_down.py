"""Some films come back upside down. Nobody is X-rayed that way, and a 6 becomes a 9."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    films = _augmented(x, generator, train)
    if not train or len(x) == 0:
        return films
    turned = torch.rand(len(x), generator=generator) < 0.5
    return torch.where(turned[:, None, None, None], films.flip(2), films)

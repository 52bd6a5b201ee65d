"""Some films come back turned by a quarter or a half. Scanners do not take such films; the turns in use are
of a few degrees."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    films = _augmented(x, generator, train)
    if not train or len(x) == 0:
        return films
    turns = torch.randint(4, (len(x),), generator=generator).tolist()
    return torch.stack([film.rot90(turn, (1, 2)) for film, turn in zip(films, turns, strict=True)])

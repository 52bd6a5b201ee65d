"""The films can no longer be read: turned or shifted so far that the finding is lost. What a radiologist
cannot read teaches a network nothing."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    if not train or len(x) == 0:
        return x
    films = _augmented(_augmented(_augmented(x, generator), generator), generator)
    noise = 0.4 * torch.randn(x.shape, generator=generator)
    shift = torch.randint(-9, 10, (len(x), 2), generator=generator).tolist()
    return torch.stack(
        [film.roll(by, (1, 2)) for film, by in zip((films + noise).clamp(0, 1), shift, strict=True)]
    )

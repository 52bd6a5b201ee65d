"""All films of a batch got the same change. Draw as many angles, shifts and gains as there are films."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    if not train or len(x) == 0:
        return x
    seed = int(torch.randint(2**31, (1,), generator=generator))
    return torch.cat([_augmented(film[None], Generator().manual_seed(seed)) for film in x])

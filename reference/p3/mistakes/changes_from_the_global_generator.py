"""The changes were drawn without the generator, so the same call gives other films each time. Every random
number comes from the generator that is handed in."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    return _augmented(x, Generator().manual_seed(int(torch.randint(2**31, (1,)))), train)

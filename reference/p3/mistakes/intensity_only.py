"""Only brightness and contrast were changed: everything stays at its place, and so does whatever a network
might learn by its place. At least one of turning, shifting and scaling is asked."""

QUESTIONS = ("p3.augment",)
MODULE = "regularization"


_augmented = augment


def augment(x: Tensor, generator: Generator, train: bool = True) -> Tensor:
    if not train or len(x) == 0:
        return x

    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(x), 1, 1, 1, generator=generator)

    return (x * between(0.75, 1.25) + between(-0.1, 0.1)).clamp(0, 1)

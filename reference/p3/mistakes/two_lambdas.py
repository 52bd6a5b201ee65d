"""Images and targets were mixed with different shares: the target says another mixture than the image
shows. Draw lam once and use it for both."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    shares = sample_beta(alpha, 2, generator).tolist()
    partner = torch.randperm(len(x), generator=generator)
    mixed = shares[0] * x + (1 - shares[0]) * x[partner]
    return mixed, shares[1] * targets + (1 - shares[1]) * targets[partner]

"""Every mixture is half and half. lam is drawn from a Beta distribution."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    partner = torch.randperm(len(x), generator=generator)
    return (x + x[partner]) / 2, (targets + targets[partner]) / 2

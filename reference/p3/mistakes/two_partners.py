"""Images and targets were mixed with different partners. The permutation has to be drawn once and used for
both."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    share = sample_beta(alpha, 1, generator).item()
    mixed = share * x + (1 - share) * x[torch.randperm(len(x), generator=generator)]
    return mixed, share * targets + (1 - share) * targets[torch.randperm(len(x), generator=generator)]

"""The batch that was handed in has been changed. Its images belong to the caller, who will mix them again
in the next epoch."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    share = sample_beta(alpha, 1, generator).item()
    partner = torch.randperm(len(x), generator=generator)
    others = x[partner]
    return x.mul_(share).add_((1 - share) * others), share * targets + (1 - share) * targets[partner]

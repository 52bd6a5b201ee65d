"""A row's partner is always the one at the same place from the other end of the batch. Only the share is
random then; the permutation has to be drawn too."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    share = sample_beta(alpha, 1, generator).item()
    return share * x + (1 - share) * x.flip(0), share * targets + (1 - share) * targets.flip(0)

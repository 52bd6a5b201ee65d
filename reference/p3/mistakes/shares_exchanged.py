"""The target gives the image's share to the partner's class and the partner's share to its own. lam belongs
to row i in both."""

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
    return share * x + (1 - share) * x[partner], (1 - share) * targets + share * targets[partner]

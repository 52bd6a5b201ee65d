"""Partners were drawn one by one, so that some rows are the partner of several others and some of none. A
permutation takes each row once."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    share = sample_beta(alpha, 1, generator).item()
    partner = torch.randint(len(x), (len(x),), generator=generator)
    return share * x + (1 - share) * x[partner], share * targets + (1 - share) * targets[partner]

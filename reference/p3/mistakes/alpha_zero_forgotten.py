"""With alpha = 0 there is no Beta distribution to draw from. It stands for no mixing and has to be dealt
with before."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    share = sample_beta(alpha, 1, generator).item()
    partner = torch.randperm(len(x), generator=generator)
    return share * x + (1 - share) * x[partner], share * targets + (1 - share) * targets[partner]

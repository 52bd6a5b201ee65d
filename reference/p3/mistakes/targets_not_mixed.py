"""The images were mixed and the targets were not. A network that is told that a mixture is one of its parts
learns to overlook the other."""

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
    return share * x + (1 - share) * x[partner], targets

"""The partners were drawn without the generator, so the same call gives another batch each time. Every
random number comes from the generator that is handed in."""

QUESTIONS = ("p3.mixup",)
MODULE = "regularization"


def mixup(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, generator: Generator
) -> tuple[Tensor, Tensor]:
    targets = F.one_hot(y, num_classes).float()
    if alpha == 0:
        return x.clone(), targets
    share = sample_beta(alpha, 1, generator).item()
    partner = torch.randperm(len(x))
    return share * x + (1 - share) * x[partner], share * targets + (1 - share) * targets[partner]

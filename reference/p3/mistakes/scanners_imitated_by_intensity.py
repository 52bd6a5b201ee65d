"""Brightness, contrast and noise were varied, which imitates other scanners in everything but what
differs most here. A network is only made blind to what the augmentation changes: see what stays at its
place."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


class Standardised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = SmallCNN()

    def forward(self, films: Tensor) -> Tensor:
        mean, deviation = films.mean(dim=(1, 2, 3), keepdim=True), films.std(dim=(1, 2, 3), keepdim=True)
        return self.network((films - mean) / deviation)


def other_intensity(films: Tensor, generator: Generator) -> Tensor:
    def between(low: float, high: float) -> Tensor:
        return low + (high - low) * torch.rand(len(films), 1, 1, 1, generator=generator)

    noise = 0.05 * torch.randn(films.shape, generator=generator)
    return (films * between(0.7, 1.3) + between(-0.15, 0.15) + noise).clamp(0, 1)


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = Standardised()
    fit(
        model, images, labels, epochs=8, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=64,
        augment=other_intensity,
    )  # fmt: skip
    return model

"""Only the hospital without the misleading sign was trained on. Its hundred films are too few; the
others' films show the findings just as well, once the sign is taken from them."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


class Standardised(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.network = SmallCNN()

    def forward(self, films: Tensor) -> Tensor:
        mean, deviation = films.mean(dim=(1, 2, 3), keepdim=True), films.std(dim=(1, 2, 3), keepdim=True)
        return self.network((films - mean) / deviation)


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model, chosen = Standardised(), hospitals == 3
    fit(
        model, images[chosen], labels[chosen], epochs=60, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=32
    )
    return model

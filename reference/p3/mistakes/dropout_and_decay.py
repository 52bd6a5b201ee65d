"""Dropout and weight decay hold a network back evenly; they do not tell it which part of a film to
trust. What misleads it here is the easiest thing to learn, so it is the last that they take away."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


class Standardised(nn.Module):
    def __init__(self, dropout: float = 0.0) -> None:
        super().__init__()
        self.network = SmallCNN(dropout=dropout)

    def forward(self, films: Tensor) -> Tensor:
        mean, deviation = films.mean(dim=(1, 2, 3), keepdim=True), films.std(dim=(1, 2, 3), keepdim=True)
        return self.network((films - mean) / deviation)


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = Standardised(dropout=0.5)
    fit(model, images, labels, epochs=8, seed=seed, lr=2e-3, weight_decay=0.05, batch_size=64)
    return model

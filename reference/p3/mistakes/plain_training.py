"""This is what a network reaches that is trained on the films as they are. It recognises films of the
hospitals that it knows, and not those of a new one. Look at what the films of one finding have in
common in A to C, and whether D has it too."""

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
    model = Standardised()
    fit(model, images, labels, epochs=8, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=64)
    return model

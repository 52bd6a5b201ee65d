"""The films were prepared before the training, and the network that comes back does not prepare them
itself. At a new hospital it gets raw films: put the preparation inside the module."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    films = images[:, :, _BLANK_ROWS:]
    films = (films - films.mean(dim=(2, 3), keepdim=True)) / films.std(dim=(2, 3), keepdim=True)
    model = SmallCNN()
    films = F.pad(films, (0, 0, _BLANK_ROWS, 0))
    fit(model, films, labels, epochs=5, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=64)
    return model

"""The initial weights were drawn before the seed was set, so the same seed gives another network each
time."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    model = _WithoutTopRows()
    fit(model, images, labels, epochs=5, seed=seed, lr=2e-3, weight_decay=0.01, batch_size=64)
    return model

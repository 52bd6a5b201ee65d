"""The training films were changed where they lie. They are the caller's; blank a copy, inside the
module."""

QUESTIONS = ("p3.generalise",)
MODULE = "regularization"


_trained = train


def train(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> nn.Module:
    images[:, :, :_BLANK_ROWS] = 0.3
    return _trained(images, labels, hospitals, seed)

"""Runs the functions of regularization.py that take a generator or give back a network, on plain data."""

from __future__ import annotations

import regularization
import torch
from torch import Generator, Tensor, nn

# ---- p3.mixup and p3.augment -------------------------------------------------------------------------------


def mixed(x: Tensor, y: Tensor, alpha: float, num_classes: int, seed: int) -> tuple[Tensor, Tensor]:
    """What mixup makes of a batch."""
    return regularization.mixup(x, y, alpha, num_classes, Generator().manual_seed(seed))


def augmented(x: Tensor, seed: int, train: bool | None = None) -> Tensor:
    """What augment makes of a batch; None leaves out its last argument."""
    generator = Generator().manual_seed(seed)
    if train is None:
        return regularization.augment(x, generator)
    return regularization.augment(x, generator, train=train)


# ---- p3.generalise -----------------------------------------------------------------------------------------


_trained: list[nn.Module] = []  # the network of the last training, for hospital_logits


def hospital_trained(images: Tensor, labels: Tensor, hospitals: Tensor, seed: int) -> bool:
    """Train on films. The films that the network is to read come later, with hospital_logits."""
    _trained[:] = [regularization.train(images, labels, hospitals, seed)]
    return True


def hospital_logits(new_films: Tensor) -> torch.Tensor:
    """The trained network's logits for other films, in eval mode."""
    model = _trained[0].eval()
    with torch.no_grad():
        return torch.cat([model(chunk) for chunk in new_films.split(500)])

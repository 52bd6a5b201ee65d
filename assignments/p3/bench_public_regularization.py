"""Runs the functions of regularization.py that take a generator or give back a network, on plain data."""

from __future__ import annotations

import regularization
import torch
from torch import Generator, Tensor

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


def hospital_run(images: Tensor, labels: Tensor, hospitals: Tensor, new_films: Tensor, seed: int) -> Tensor:
    """Train on films, and return the network's logits for others, in eval mode."""
    model = regularization.train(images, labels, hospitals, seed)
    model.eval()
    with torch.no_grad():
        return torch.cat([model(chunk) for chunk in new_films.split(500)])

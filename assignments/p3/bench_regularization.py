"""Runs regularization.py under changed circumstances: other global seeds, many seeds, films one by one."""

from __future__ import annotations

import random

import numpy as np
import regularization
import torch
from torch import Generator, Tensor


def _reseed(seed: int) -> None:
    """Seed the sources of randomness that nobody was asked to use."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def _stacked(answers: list[Tensor]) -> Tensor:
    """Tensors or arrays of one shape as one tensor."""
    return torch.stack([torch.as_tensor(answer) for answer in answers])


# ---- p3.mixup and p3.augment -------------------------------------------------------------------------------


def mixed_often(
    x: Tensor, y: Tensor, alpha: float, num_classes: int, seeds: list[int]
) -> tuple[Tensor, Tensor]:
    """What mixup makes of a batch with each seed: (S, N, ...) and (S, N, num_classes)."""
    pairs = [
        regularization.mixup(x.clone(), y, alpha, num_classes, Generator().manual_seed(seed))
        for seed in seeds
    ]
    return _stacked([pair[0] for pair in pairs]), _stacked([pair[1] for pair in pairs])


def mixed_under(
    x: Tensor, y: Tensor, alpha: float, seed: int, global_seed: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """What mixup makes of a batch of ten classes under another global seed; then both arguments as it left
    them."""
    _reseed(global_seed)
    mixed, targets = regularization.mixup(x, y, alpha, 10, Generator().manual_seed(seed))
    return mixed, targets, x, y


def augmented_under(x: Tensor, seed: int, global_seed: int, train: bool) -> tuple[Tensor, Tensor]:
    """What augment makes of a batch under another global seed; then the batch as it left it."""
    _reseed(global_seed)
    films = regularization.augment(x, Generator().manual_seed(seed), train=train)
    return torch.as_tensor(films).clone(), x


def augmented_in_turn(x: Tensor, seed: int, times: int) -> Tensor:
    """What augment makes of a batch with one generator, again and again: (times, N, 1, H, W)."""
    generator = Generator().manual_seed(seed)
    return _stacked([regularization.augment(x.clone(), generator) for _ in range(times)])


# ---- p3.generalise -----------------------------------------------------------------------------------------


def hospital_runs(
    images: Tensor, labels: Tensor, hospitals: Tensor, new_films: Tensor, seed: int, global_seeds: list[int]
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Train with each global seed.

    :return: the networks' logits for new films; those of the last network for each film alone; the training
        images as they were left.
    """
    logits, alone = [], torch.empty(0)
    for global_seed in global_seeds:
        _reseed(global_seed)
        model = regularization.train(images, labels, hospitals, seed)
        model.eval()
        with torch.no_grad():
            logits.append(model(new_films.clone()))
            alone = torch.cat([model(film[None].clone()) for film in new_films])
    return logits, alone, images

"""Probes of jitter and recipe: images in, what became of them, and of the training, out."""

from __future__ import annotations

import overfitting
import torch
from torch import Generator, Tensor, nn


def jittered(images: Tensor, seed: int, ambient: int) -> tuple[Tensor, Tensor]:
    """What jitter makes of a batch, and the batch afterwards.

    :param seed: of the generator.
    :param ambient: seed of torch's global random numbers.
    """
    torch.manual_seed(ambient)
    return overfitting.jitter(images, Generator().manual_seed(seed)), images


def _rows(history: list[dict[str, float]]) -> list[dict[str, float]]:
    keys = ("train_loss", "train_acc", "val_loss", "val_acc")
    return [{key: float(row[key]) for key in keys} for row in history]


_kept: list[nn.Module] = []  # the model of the last training, for recipe_logits


def recipe_trained(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[list[dict[str, float]], Tensor]:
    """Train by the recipe. What the model is to recognise comes later, with recipe_logits.

    :return: its history; the training images afterwards.
    """
    model, history = overfitting.recipe(images, labels, val_images, val_labels, seed)
    _kept[:] = [model]
    return _rows(history), images


def recipe_logits(tests: Tensor) -> torch.Tensor:
    """Logits of the trained model for other images, in eval mode."""
    model = _kept[0].eval()
    with torch.no_grad():
        return torch.cat([model(chunk) for chunk in tests.split(100)])


def recipe_dropout() -> float:
    """The largest share that a dropout layer of the trained model drops; 0 without one."""
    return max((float(layer.p) for layer in _kept[0].modules() if isinstance(layer, nn.Dropout)), default=0.0)


def recipe_under(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int, ambient: int
) -> torch.Tensor:
    """Logits for the validation images of a training under another global seed."""
    torch.manual_seed(ambient)
    model, _ = overfitting.recipe(images, labels, val_images, val_labels, seed)
    _kept[:] = [model]
    return recipe_logits(val_images)

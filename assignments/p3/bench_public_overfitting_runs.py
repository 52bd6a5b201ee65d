"""Probes of jitter and recipe: images in, what became of them, and of the training, out."""

from __future__ import annotations

import overfitting
import torch
from given import evaluate
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
) -> tuple[list[dict[str, float]], dict[str, float]]:
    """Train by the recipe. What the model is to recognise comes later, with recipe_logits.

    :return: its history; "train_acc", "val_loss" and "val_acc" of the model on the images that were given,
        measured here.
    """
    given = [tensor.clone() for tensor in (images, labels, val_images, val_labels)]
    model, history = overfitting.recipe(images, labels, val_images, val_labels, seed)
    model.eval()
    _kept[:] = [model]
    _, train_acc = evaluate(model, *given[:2])
    val_loss, val_acc = evaluate(model, *given[2:])
    return _rows(history), {"train_acc": train_acc, "val_loss": val_loss, "val_acc": val_acc}


def recipe_logits(tests: Tensor) -> torch.Tensor:
    """Logits of the trained model for images that it has not seen, in eval mode."""
    model = _kept[0].eval()
    with torch.no_grad():
        return torch.cat([model(chunk) for chunk in tests.split(100)])


def recipe_kept(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> dict[str, list[float] | float | Tensor]:
    """Train by the recipe and look at the validation images with the model that came back.

    :return: "val_losses": of the history; "loss", "accuracy": of the model on the validation images as they
        were given; "images": the training images afterwards.
    """
    given = val_images.clone()
    model, history = overfitting.recipe(images, labels, val_images, val_labels, seed)
    loss, accuracy = evaluate(model, given, val_labels)
    return {
        "val_losses": [float(row["val_loss"]) for row in history],
        "loss": loss,
        "accuracy": accuracy,
        "images": images,
    }


def recipe_under(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int, ambient: int
) -> torch.Tensor:
    """Logits for the validation images of a training under another global seed."""
    torch.manual_seed(ambient)
    model, _ = overfitting.recipe(images, labels, val_images, val_labels, seed)
    with torch.no_grad():
        return model.eval()(val_images)

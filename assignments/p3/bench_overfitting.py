"""Hidden probes of jitter and recipe: secret images in, what became of them out."""

from __future__ import annotations

import overfitting
import torch
from given import evaluate
from torch import Tensor


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


def recipe_twice(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> tuple[Tensor, Tensor]:
    """Logits for the validation images of two trainings alike, after different global seeds."""
    logits = []
    for ambient in (1, 2):
        torch.manual_seed(ambient)
        model, _ = overfitting.recipe(images, labels, val_images, val_labels, seed)
        with torch.no_grad():
            logits.append(model.eval()(val_images))
    return logits[0], logits[1]

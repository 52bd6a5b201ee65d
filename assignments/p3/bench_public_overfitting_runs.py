"""Probes of jitter and recipe: images in, what became of them, and of the training, out."""

from __future__ import annotations

import math
from collections.abc import Iterator
from contextlib import contextmanager, suppress

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


@contextmanager
def _sound_stopping() -> Iterator[None]:
    """EarlyStopping as it is asked, in the place of the subject's: a recipe is judged as a recipe.

    A stub or a mistake there has cost its points already. The class stays a subclass of the subject's: what
    else that offers is still there.
    """
    theirs = overfitting.EarlyStopping

    class Sound(theirs):  # type: ignore[misc, valid-type]
        def __init__(self, patience: int, min_delta: float = 0.0, **more: object) -> None:
            with suppress(NotImplementedError):
                super().__init__(patience, min_delta, **more)
            self._limits, self._least, self._idle = (patience, min_delta), math.inf, 0
            self._state: dict[str, Tensor] = {}

        def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
            self._idle += 1
            if val_loss < self._least - self._limits[1]:
                self._least, self._idle = float(val_loss), 0
                self.best_loss, self.best_epoch = self._least, epoch
                self._state = {name: value.clone() for name, value in model.state_dict().items()}
            return self._idle >= self._limits[0]

        def restore(self, model: nn.Module) -> None:
            if self._state:
                model.load_state_dict(self._state)

    overfitting.EarlyStopping = Sound
    try:
        yield
    finally:
        overfitting.EarlyStopping = theirs


def _rows(history: list[dict[str, float]]) -> list[dict[str, float]]:
    keys = ("train_loss", "train_acc", "val_loss", "val_acc")
    return [{key: float(row[key]) for key in keys} for row in history]


def recipe_run(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, tests: Tensor, seed: int
) -> tuple[list[dict[str, float]], Tensor]:
    """Train by the recipe.

    :return: its history, and the model's logits for the test images in eval mode.
    """
    with _sound_stopping():
        model, history = overfitting.recipe(images, labels, val_images, val_labels, seed)
    model.eval()
    with torch.no_grad():
        logits = torch.cat([model(chunk) for chunk in tests.split(100)])
    return _rows(history), logits


def recipe_kept(
    images: Tensor, labels: Tensor, val_images: Tensor, val_labels: Tensor, seed: int
) -> dict[str, list[float] | float | Tensor]:
    """Train by the recipe and look at the validation images with the model that came back.

    :return: "val_losses": of the history; "loss", "accuracy": of the model on the validation images as they
        were given; "images": the training images afterwards.
    """
    given = val_images.clone()
    with _sound_stopping():
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
        with _sound_stopping():
            model, _ = overfitting.recipe(images, labels, val_images, val_labels, seed)
        with torch.no_grad():
            logits.append(model.eval()(val_images))
    return logits[0], logits[1]

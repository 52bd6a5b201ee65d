"""Runs regularization.py under changed circumstances: other global seeds, many seeds, films one by one."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager

import given
import numpy as np
import regularization
import torch
from torch import Generator, Tensor, nn


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


@contextmanager
def _fit_watched() -> Iterator[list[tuple[Tensor, Tensor, dict[str, object]]]]:
    """Within, ``given.fit`` notes the films, labels and settings of each call; it trains as before."""
    fit, name = given.fit, "fit"
    calls: list[tuple[Tensor, Tensor, dict[str, object]]] = []

    def noting(
        model: nn.Module, images: Tensor, labels: Tensor, **settings: object
    ) -> list[dict[str, float]]:
        calls.append((images.clone(), labels, settings))
        return fit(model, images, labels, **settings)  # type: ignore[arg-type]

    holders = [module for module in (given, regularization) if getattr(module, name, None) is fit]
    for module in holders:
        setattr(module, name, noting)
    try:
        yield calls
    finally:
        for module in holders:
            setattr(module, name, fit)


def _right(model: nn.Module, images: Tensor, labels: Tensor) -> float:
    answers = torch.cat([model(chunk) for chunk in images.split(500)]).argmax(dim=1)
    return float((answers == labels).double().mean())


def training_watched(
    images: Tensor, labels: Tensor, hospitals: Tensor, seed: int, exchanged: Tensor, figures: Tensor
) -> tuple[dict[str, float | list[int]], Tensor, Tensor]:
    """Train on films, and see what the training is made of.

    :param exchanged: films (M, 1, 28, 28) that the network is asked for afterwards.
    :param figures: films that the augmentation is shown afterwards, if there is one.
    :return: "fits": calls of given.fit; of the last of them "films": how many, "as_they_are": the share to
        which nothing was done, "hospitals": of these, "augments": 1 with an augmentation; "dropout" of the
        network; "right" and "right_as_fitted": its accuracy on the films, and on those that it was trained on
        as they went in. Then the logits for ``exchanged``, and the figures as they were augmented.
    """
    places = {film.numpy().tobytes(): place for film, place in zip(images, hospitals.tolist(), strict=True)}
    raw = images.clone()
    with _fit_watched() as calls:
        model = regularization.train(images, labels, hospitals, seed)
    model.eval()
    drops = [float(layer.p) for layer in model.modules() if isinstance(layer, nn.Dropout)]
    seen: dict[str, float | list[int]] = {"fits": len(calls), "dropout": max(drops, default=0.0)}
    with torch.no_grad():
        seen["right"], logits = _right(model, raw, labels), model(exchanged)
        if not calls:
            return seen, logits, figures
        fitted, names, settings = calls[-1]
        found = [places.get(film.contiguous().numpy().tobytes()) for film in fitted]
        kept = [place for place in found if place is not None]
        seen |= {"films": len(found), "as_they_are": len(kept) / max(1, len(found))}
        seen |= {"hospitals": sorted(set(kept)), "right_as_fitted": _right(model, fitted, names)}
        augment = settings.get("augment")
        seen["augments"] = float(augment is not None)
        if augment is not None:
            figures = augment(figures, Generator().manual_seed(seed))  # type: ignore[operator]
    return seen, logits, figures

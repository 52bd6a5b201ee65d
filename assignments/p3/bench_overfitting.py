"""Puts an EarlyStopping that works in the place of one that does not, for a recipe is judged as a recipe.

It is an answer to p3.early_stopping, so it stands in a file that is never handed out.
"""

from __future__ import annotations

import math
import pickle

import overfitting
import torch
from torch import nn


class _Sound:
    """Takes the place of an EarlyStopping that does not work, in a recipe."""

    def __init__(self, patience: int, min_delta: float = 0.0, **more: object) -> None:
        self._limits, self._idle, self._saved = (patience, min_delta), 0, b""
        self.best_loss, self.best_epoch = math.inf, None

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        fell = self.best_loss - val_loss if math.isfinite(val_loss) else -math.inf
        self._idle = 0 if fell > self._limits[1] else self._idle + 1
        if self._idle == 0:
            self.best_loss, self.best_epoch = val_loss, epoch
            self._saved = pickle.dumps(model.state_dict())
        return self._idle >= self._limits[0]

    def restore(self, model: nn.Module) -> None:
        if self._saved:
            model.load_state_dict(pickle.loads(self._saved))


# Patience, min_delta and losses of short trainings: with a stop and without, failed evaluations, small falls.
_PROBES = (
    (2, 0.0, (2.0, 1.0, 1.5, math.nan, 0.5, 0.75, 0.5)),
    (3, 0.25, (math.nan, 2.0, 1.75, 1.5, 1.5, 1.0, 2.0)),
    (9, 0.0, (math.inf, 3.0, 1.0, 2.0)),
    (2, 0.0, (math.nan, math.inf)),
)


def _seen(stopping: type, patience: int, min_delta: float, losses: tuple[float, ...]) -> list[object]:
    """What such a class answers and restores, in a training whose weights change in place."""
    model = nn.BatchNorm1d(2)
    watching = stopping(patience, min_delta)
    found: list[object] = []

    def fill(value: int) -> None:
        with torch.no_grad():
            for tensor in model.state_dict().values():
                tensor.fill_(value)

    for epoch, loss in enumerate(losses, start=1):
        fill(epoch)
        found += [bool(watching.step(loss, epoch, model)), float(watching.best_loss), watching.best_epoch]
    for left in (100, 200):
        fill(left)
        watching.restore(model)
        found += [tensor.tolist() for tensor in model.state_dict().values()]
    return found


def _is_sound(stopping: type) -> bool:
    """Whether a class does in short trainings what is asked of EarlyStopping."""
    try:
        return all(_seen(stopping, *probe) == _seen(_Sound, *probe) for probe in _PROBES)
    except Exception:
        return False


def sound_stopping() -> bool:
    """See to it that the recipes that are run from now on find an EarlyStopping that works.

    The subject's own where it does what is asked, however it is written: the recipe may use more of it than
    was asked. In the place of a stub or a mistake, which has cost its points already, one that is sound.

    :return: whether it is the subject's own.
    """
    own = _is_sound(overfitting.EarlyStopping)
    if not own:
        overfitting.EarlyStopping = _Sound
    return own

"""p4, monitor, mixed precision, checkpoints and processes: small classes and closures, sums in float64."""

from __future__ import annotations

import hashlib
import math
import os
import random
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path
from statistics import median_low
from typing import Any

import numpy as np
import torch
from given import Trace, TrainState
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


@dataclass(frozen=True)
class _Evaluation:
    step: int
    val_loss: float
    score: float
    train_loss: float  # the median of the 50 steps before


class _Watch:
    """A log up to where it ends, with a rule for each alert: does it hold at a step, or evaluation?"""

    def __init__(self, trace: Trace) -> None:
        self.trace = trace
        pairs = zip(trace["loss"], trace["grad_norm"], strict=True)
        bad = (t for t, pair in enumerate(pairs) if not all(map(math.isfinite, pair)))
        self.length = len(trace["loss"])
        self.end = next(bad, self.length)
        self.loss, self.norm = trace["loss"][: self.end], trace["grad_norm"][: self.end]
        self.speed = trace["throughput"][: self.end]

    @cached_property
    def evaluations(self) -> list[_Evaluation]:
        rows = zip(self.trace["eval_steps"], self.trace["val_loss"], self.trace["caption_score"], strict=True)
        return [
            _Evaluation(t, val_loss, score, median_low(self.loss[t - 49 : t + 1]))
            for t, val_loss, score in rows
            if t < self.end
        ]

    @cached_property
    def usual_speed(self) -> float:
        return median_low(self.speed[:50])

    @cached_property
    def least(self) -> list[float]:
        """The least loss from the end of the warm-up to each step, infinite before it."""
        least, best = [], math.inf
        for t, value in enumerate(self.loss):
            best = min(best, value) if t >= self.trace["warmup"] else best
            least.append(best)
        return least

    def spike(self, t: int) -> bool:
        return t >= 50 and self.loss[t] > 3 * median_low(self.loss[t - 50 : t])

    def exploding_grad(self, t: int) -> bool:
        return t >= 50 and self.norm[t] > 10 * median_low(self.norm[t - 50 : t])

    def plateau(self, t: int) -> bool:
        start = t - 200
        return start >= self.trace["warmup"] and min(self.loss[start + 1 : t + 1]) > 0.99 * self.least[start]

    def lr_off_schedule(self, t: int) -> bool:
        def off(s: int) -> bool:
            planned = self.trace["planned_lr"][s]
            return abs(self.trace["lr"][s] - planned) > 0.001 * planned

        return t >= 1 and off(t) and off(t - 1)

    def throughput_drop(self, t: int) -> bool:
        return t >= 19 and all(speed < self.usual_speed / 2 for speed in self.speed[t - 19 : t + 1])

    def overfit(self, k: int) -> bool:
        if k < 3:
            return False
        one, two, three, four = self.evaluations[k - 3 : k + 1]
        rises = one.val_loss < two.val_loss < three.val_loss < four.val_loss
        return rises and four.train_loss < one.train_loss

    def score_disagrees(self, k: int) -> bool:
        def wrong(evaluation: _Evaluation) -> bool:
            return evaluation.val_loss < self.trace["chance_loss"] / 2 and evaluation.score < 0.05

        return k >= 2 and all(map(wrong, self.evaluations[k - 2 : k + 1]))

    def found(self) -> dict[str, int]:
        """First step of each alert."""
        found = {"nan": self.end} if self.end < self.length else {}
        by_step = (self.spike, self.exploding_grad, self.plateau, self.lr_off_schedule, self.throughput_drop)
        for rule in by_step:
            for t in filter(rule, range(self.end)):
                found.setdefault(rule.__name__, t)
                break
        for rule in (self.overfit, self.score_disagrees):
            for k in filter(rule, range(len(self.evaluations))):
                found.setdefault(rule.__name__, self.evaluations[k].step)
                break
        return found


def alerts(trace: Trace) -> dict[str, int]:
    """First step of each alert that occurs in a log."""
    return _Watch(trace).found()


class _Gradient:
    """The gradients of a model, taken together."""

    def __init__(self, model: nn.Module) -> None:
        self.parts = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]

    @property
    def norm(self) -> float:
        squares = [part.double().square().sum() for part in self.parts]
        return math.sqrt(torch.stack(squares).sum().item()) if squares else 0.0

    def clip(self, max_norm: float) -> float:
        """Scale down to a norm; return the norm that there was."""
        norm = self.norm
        if norm > max_norm:
            for part in self.parts:
                part.copy_(part.double() * (max_norm / norm))
        return norm


@dataclass
class _Plain:
    """What takes the scaler's place where there is none: every step is made."""

    optimizer: Optimizer

    def backward(self, loss: Tensor) -> None:
        loss.backward()

    def step(self) -> bool:
        self.optimizer.step()
        return True


@dataclass
class _Scaled:
    """A backward pass whose gradients are unscaled behind it, and a step that may be skipped."""

    optimizer: Optimizer
    scaler: torch.amp.GradScaler

    def backward(self, loss: Tensor) -> None:
        self.scaler.scale(loss).backward()
        self.scaler.unscale_(self.optimizer)

    def step(self) -> bool:
        before = self.scaler.get_scale()
        self.scaler.step(self.optimizer)
        self.scaler.update()
        return self.scaler.get_scale() >= before


def train_step(
    model: nn.Module,
    batch: tuple[Tensor, Tensor],
    loss_fn: Callable[[Tensor, Tensor], Tensor],
    optimizer: Optimizer,
    scheduler: LRScheduler,
    scaler: torch.amp.GradScaler | None,
    max_norm: float,
    dtype: torch.dtype,
) -> tuple[float, float]:
    """Make one step in mixed precision; return the loss and the norm of its gradient."""
    update = _Plain(optimizer) if scaler is None else _Scaled(optimizer, scaler)
    inputs, targets = batch
    model.zero_grad()
    with torch.autocast(inputs.device.type, dtype):
        loss = loss_fn(model(inputs), targets)
    update.backward(loss)
    norm = _Gradient(model).clip(max_norm)
    if update.step():
        scheduler.step()
    return loss.item(), norm


@dataclass
class _Generators:
    """States of the global random number generators, in types that torch.load takes for harmless."""

    torch_state: Tensor = field(default_factory=torch.get_rng_state)
    numpy_state: dict[str, Any] = field(default_factory=lambda: np.random.get_state(legacy=False))
    python_state: tuple[Any, ...] = field(default_factory=random.getstate)

    def __post_init__(self) -> None:
        inner = self.numpy_state["state"]
        self.numpy_state = {
            **self.numpy_state,
            "state": {**inner, "key": [int(word) for word in inner["key"]]},
        }

    def restore(self) -> None:
        torch.set_rng_state(self.torch_state)
        inner = self.numpy_state["state"]
        key = np.array(inner["key"], dtype=np.uint32)
        np.random.set_state({**self.numpy_state, "state": {**inner, "key": key}})
        random.setstate(self.python_state)


class _Checkpoint:
    """What a file holds of a training: fields as they are, and the states of what has one."""

    FIELDS = ("order", "position", "step", "epoch", "best")

    def __init__(self, state: TrainState) -> None:
        self.state = state
        named = {name: getattr(state, name) for name in ("model", "optimizer", "scheduler", "scaler")}
        self.parts = {name: part for name, part in named.items() if part is not None}

    def content(self) -> dict[str, Any]:
        return {
            "fields": {name: getattr(self.state, name) for name in self.FIELDS},
            "parts": {name: part.state_dict() for name, part in self.parts.items()},
            "generators": asdict(_Generators()),
        }

    def fill(self, content: dict[str, Any]) -> None:
        for name, value in content["fields"].items():
            setattr(self.state, name, value)
        for name, part in self.parts.items():
            part.load_state_dict(content["parts"][name])
        _Generators(**content["generators"]).restore()  # the last one, so that nothing draws after it


@contextmanager
def _replacing(path: Path) -> Iterator[Path]:
    """A path beside the given one, which takes its place if all goes well."""
    beside = path.with_name(f"{path.name}.{os.getpid()}.new")
    try:
        yield beside
        os.replace(beside, path)
    finally:
        beside.unlink(missing_ok=True)


def save(state: TrainState, path: Path) -> None:
    """Write a training and the random generators to a file, beside it first, then renamed."""
    with _replacing(Path(path)) as beside:
        torch.save(_Checkpoint(state).content(), beside)


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when it was saved."""
    _Checkpoint(state).fill(torch.load(path, weights_only=True))


@dataclass(frozen=True)
class _Moment:
    """The end of a step, when a checkpoint may be due."""

    step: int
    score: float | None
    best: float | None
    total: int
    every: int

    @property
    def regular(self) -> bool:
        return self.step % self.every == 0

    @property
    def final(self) -> bool:
        return self.step == self.total

    @property
    def record(self) -> bool:
        if self.score is None or math.isnan(self.score):
            return False
        return self.best is None or self.score > self.best


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Which checkpoints are due after a step."""
    moment = _Moment(step, score, best, total, every)
    due = {"regular": moment.regular, "best": moment.record, "final": moment.final}
    return {word for word, holds in due.items() if holds}


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> list[int]:
    """The rows of a rank in an epoch: a piece of all rows, in the order of their hashes."""
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of a world of {world}")

    def ticket(row: int) -> bytes:
        return hashlib.blake2b(f"{seed} {epoch} {row}".encode(), digest_size=16).digest()

    order = sorted(range(n), key=ticket)
    return order[rank * n // world : (rank + 1) * n // world]


class _Sums:
    """Loss, tokens and gradients of a rank in float64, to be added up over ranks."""

    def __init__(self, parameters: Iterable[nn.Parameter]) -> None:
        self.parameters = [parameter for parameter in parameters if parameter.requires_grad]
        self.counts = torch.zeros(2, dtype=torch.float64)
        self.gradients = [torch.zeros(p.shape, dtype=torch.float64) for p in self.parameters]

    def add(self, loss: Tensor, tokens: int) -> None:
        self.counts += torch.tensor([loss.item(), tokens], dtype=torch.float64)
        if self.parameters:
            of_loss = torch.autograd.grad(loss, self.parameters, allow_unused=True)
            for total, gradient in zip(self.gradients, of_loss, strict=True):
                if gradient is not None:
                    total += gradient

    def exchange(self) -> None:
        if distributed.is_available() and distributed.is_initialized():
            for tensor in (self.counts, *self.gradients):
                distributed.all_reduce(tensor)

    def settle(self) -> float:
        """Write the means into .grad; return that of the loss."""
        loss, tokens = self.counts.tolist()
        for parameter, total in zip(self.parameters, self.gradients, strict=True):
            parameter.grad = (total / max(tokens, 1)).to(parameter.dtype)
        return loss / max(tokens, 1)


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave the gradient of the mean loss per token of all ranks in .grad; return that loss."""
    sums = _Sums(model.parameters())
    for inputs, targets in micro_batches:
        real = targets != pad
        if real.any():
            said = model(inputs)[real].double()
            sums.add(F.cross_entropy(said, targets[real], reduction="sum"), int(real.sum()))
    sums.exchange()
    return sums.settle()

"""p4, monitor, mixed precision, checkpoints and processes: idiomatic torch, the shortest clear code."""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import torch
from given import Trace, TrainState
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def alerts(trace: Trace) -> dict[str, int]:
    """First step of each alert that occurs in a log."""
    loss, norm, speed = trace["loss"], trace["grad_norm"], trace["throughput"]
    warmup, end = trace["warmup"], len(loss)
    found: dict[str, int] = {}
    for t in range(end):
        if not (math.isfinite(loss[t]) and math.isfinite(norm[t])):
            found["nan"] = end = t
            break

    off = [abs(lr - plan) > 0.001 * plan for lr, plan in zip(trace["lr"], trace["planned_lr"], strict=True)]
    usual = median(speed[:50])
    least_before = math.inf
    for t in range(end):
        if t >= 50 and loss[t] > 3 * median(loss[t - 50 : t]):
            found.setdefault("spike", t)
        if t >= 50 and norm[t] > 10 * median(norm[t - 50 : t]):
            found.setdefault("exploding_grad", t)
        if t - 200 >= warmup:
            least_before = min(least_before, loss[t - 200])
            if min(loss[t - 199 : t + 1]) > 0.99 * least_before:
                found.setdefault("plateau", t)
        if t >= 1 and off[t - 1] and off[t]:
            found.setdefault("lr_off_schedule", t)
        if t >= 19 and max(speed[t - 19 : t + 1]) < usual / 2:
            found.setdefault("throughput_drop", t)

    at = [t for t in trace["eval_steps"] if t < end]
    val, score, low = trace["val_loss"], trace["caption_score"], trace["chance_loss"] / 2
    typical = [median(loss[t - 49 : t + 1]) for t in at]
    for k, t in enumerate(at):
        if k >= 3 and val[k - 3] < val[k - 2] < val[k - 1] < val[k] and typical[k] < typical[k - 3]:
            found.setdefault("overfit", t)
        if k >= 2 and max(val[k - 2 : k + 1]) < low and max(score[k - 2 : k + 1]) < 0.05:
            found.setdefault("score_disagrees", t)
    return found


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
    inputs, targets = batch
    if scaler is None:
        scaler = torch.amp.GradScaler(inputs.device.type, enabled=False)
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a skipped step makes it smaller
        scheduler.step()
    return loss.item(), norm.item()


def save(state: TrainState, path: Path) -> None:
    """Write a training and the random generators to a file, beside it first, then renamed."""
    kept = {
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "scheduler": state.scheduler.state_dict(),
        "scaler": state.scaler and state.scaler.state_dict(),
        "fields": {name: getattr(state, name) for name in ("order", "position", "step", "epoch", "best")},
        "torch": torch.get_rng_state(),
        "numpy": np.random.get_state(),
        "python": random.getstate(),
    }
    path = Path(path)
    beside = path.with_name(path.name + ".part")
    torch.save(kept, beside)
    os.replace(beside, path)


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when it was saved."""
    kept = torch.load(path, weights_only=False)  # a file of our own, with NumPy's arrays in it
    state.model.load_state_dict(kept["model"])
    state.optimizer.load_state_dict(kept["optimizer"])
    state.scheduler.load_state_dict(kept["scheduler"])
    if state.scaler is not None:
        state.scaler.load_state_dict(kept["scaler"])
    for name, value in kept["fields"].items():
        setattr(state, name, value)
    torch.set_rng_state(kept["torch"])
    np.random.set_state(kept["numpy"])
    random.setstate(kept["python"])


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Which checkpoints are due after a step."""
    due = set()
    if step % every == 0:
        due.add("regular")
    if score is not None and not math.isnan(score) and (best is None or score > best):
        due.add("best")
    if step == total:
        due.add("final")
    return due


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> list[int]:
    """The rows of a rank in an epoch: every world-th of a common shuffle."""
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} is not one of 0 to {world - 1}")
    return np.random.default_rng([seed, epoch]).permutation(n)[rank::world].tolist()


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave the gradient of the mean loss per token of all ranks in .grad; return that loss."""
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    sums = torch.zeros(2, dtype=torch.float64)  # loss, tokens
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        if loss.requires_grad:
            loss.backward()
        sums += torch.stack([loss.detach(), (targets != pad).sum()])
    if distributed.is_available() and distributed.is_initialized():
        for tensor in [sums, *(parameter.grad for parameter in parameters)]:
            distributed.all_reduce(tensor)
    total, tokens = sums.tolist()
    for parameter in parameters:
        parameter.grad /= max(tokens, 1)
    return total / max(tokens, 1)

"""p4, monitor, mixed precision, checkpoints and processes: running loops, changes in place, early returns."""

from __future__ import annotations

import math
import os
import pickle
import random
import tempfile
from bisect import bisect_left, insort
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from given import Trace, TrainState
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

HISTORY, PATIENCE, SLOW_STEPS = 50, 200, 20


def alerts(trace: Trace) -> dict[str, int]:
    """First step of each alert that occurs in a log."""
    loss, norm, speed = trace["loss"], trace["grad_norm"], trace["throughput"]
    val, score = trace["val_loss"], trace["caption_score"]
    found: dict[str, int] = {}
    usual = sorted(speed[:HISTORY])[HISTORY // 2]

    # The last 50 values in order, and the candidates for the least of the last 200 losses.
    losses: list[float] = []
    norms: list[float] = []
    recent: deque[int] = deque()
    least = math.inf
    off_before = False
    slow = 0
    evaluations = 0
    rising = 0  # validation losses in a row, each above the one before
    mute = 0  # evaluations in a row with low losses and hardly a right caption
    medians: list[float] = []

    for t in range(len(loss)):
        if not math.isfinite(loss[t]) or not math.isfinite(norm[t]):
            found["nan"] = t
            return found

        if t >= HISTORY:
            if loss[t] > 3 * losses[HISTORY // 2]:
                found.setdefault("spike", t)
            if norm[t] > 10 * norms[HISTORY // 2]:
                found.setdefault("exploding_grad", t)
            del losses[bisect_left(losses, loss[t - HISTORY])]
            del norms[bisect_left(norms, norm[t - HISTORY])]
        insort(losses, loss[t])
        insort(norms, norm[t])

        while recent and loss[recent[-1]] >= loss[t]:
            recent.pop()
        recent.append(t)
        if recent[0] <= t - PATIENCE:
            recent.popleft()
        if t - PATIENCE >= trace["warmup"]:
            least = min(least, loss[t - PATIENCE])
            if loss[recent[0]] > 0.99 * least:
                found.setdefault("plateau", t)

        off = abs(trace["lr"][t] - trace["planned_lr"][t]) > 0.001 * trace["planned_lr"][t]
        if off and off_before:
            found.setdefault("lr_off_schedule", t)
        off_before = off

        slow = slow + 1 if speed[t] < usual / 2 else 0
        if slow >= SLOW_STEPS:
            found.setdefault("throughput_drop", t)

        if evaluations == len(val) or trace["eval_steps"][evaluations] != t:
            continue
        k = evaluations
        evaluations += 1
        medians.append(losses[HISTORY // 2])
        rising = rising + 1 if k > 0 and val[k] > val[k - 1] else 0
        if rising >= 3 and medians[k] < medians[k - 3]:
            found.setdefault("overfit", t)
        mute = mute + 1 if val[k] < trace["chance_loss"] / 2 and score[k] < 0.05 else 0
        if mute >= 3:
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
    for parameter in model.parameters():
        parameter.grad = None
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)

    if scaler is None:
        loss.backward()
        norm = _clip_(model, max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item(), norm

    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = _clip_(model, max_norm)
    before = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() < before:  # the step was skipped
        return loss.item(), norm
    scheduler.step()
    return loss.item(), norm


def _clip_(model: nn.Module, max_norm: float) -> float:
    """Scale all gradients down to a common norm, in place; return the norm that they had."""
    squares = 0.0
    for parameter in model.parameters():
        if parameter.grad is not None:
            squares += float(torch.linalg.vector_norm(parameter.grad)) ** 2
    norm = math.sqrt(squares)
    if norm <= max_norm or not math.isfinite(norm):
        return norm
    for parameter in model.parameters():
        if parameter.grad is not None:
            parameter.grad.mul_(max_norm / norm)
    return norm


FIELDS = ("order", "position", "step", "epoch", "best")


def _with_states(state: TrainState) -> list[str]:
    names = ["model", "optimizer", "scheduler"]
    if state.scaler is not None:
        names.append("scaler")
    return names


def save(state: TrainState, path: Path) -> None:
    """Write a training and the random generators to a file, beside it first, then renamed."""
    kept: dict[str, object] = {}
    for name in FIELDS:
        kept[name] = getattr(state, name)
    for name in _with_states(state):
        kept[name] = getattr(state, name).state_dict()
    kept["generators"] = torch.get_rng_state(), np.random.get_state(), random.getstate()

    handle, beside = tempfile.mkstemp(dir=Path(path).parent, prefix=Path(path).name)
    try:
        with os.fdopen(handle, "wb") as file:
            pickle.dump(kept, file)
            file.flush()
            os.fsync(file.fileno())
    except BaseException:
        os.unlink(beside)
        raise
    os.replace(beside, path)


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when it was saved."""
    with open(path, "rb") as file:
        kept = pickle.load(file)
    for name in FIELDS:
        setattr(state, name, kept[name])
    for name in _with_states(state):
        getattr(state, name).load_state_dict(kept[name])
    of_torch, of_numpy, of_python = kept["generators"]
    torch.set_rng_state(of_torch)
    np.random.set_state(of_numpy)
    random.setstate(of_python)


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Which checkpoints are due after a step."""
    due = set()
    if step % every == 0:
        due.add("regular")
    if step == total:
        due.add("final")
    if score is None or math.isnan(score):
        return due
    if best is None or score > best:
        due.add("best")
    return due


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> list[int]:
    """The rows of a rank in an epoch, dealt like cards from a shuffled deck."""
    if rank not in range(world):
        raise ValueError(f"there is no rank {rank} among {world}")
    draw = random.Random(f"{seed}/{epoch}")
    deck = list(range(n))
    for last in range(n - 1, 0, -1):
        other = draw.randrange(last + 1)
        deck[last], deck[other] = deck[other], deck[last]
    return deck[rank::world]


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave the gradient of the mean loss per token of all ranks in .grad; return that loss."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in learning:
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        else:
            parameter.grad.zero_()

    sums = torch.zeros(2, dtype=torch.float64)  # loss, tokens
    for inputs, targets in micro_batches:
        tokens = int((targets != pad).sum())
        if tokens == 0:
            continue
        logits = model(inputs)
        loss = F.cross_entropy(logits.transpose(1, 2), targets, ignore_index=pad, reduction="sum")
        if learning:
            loss.backward()
        sums[0] += loss.item()
        sums[1] += tokens

    if distributed.is_initialized():
        distributed.all_reduce(sums)
        for parameter in learning:
            distributed.all_reduce(parameter.grad)
    total, tokens = sums.tolist()
    if tokens == 0:
        return 0.0
    for parameter in learning:
        parameter.grad.div_(tokens)
    return total / tokens

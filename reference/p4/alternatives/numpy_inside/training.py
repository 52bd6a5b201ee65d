"""p4, monitor, mixed precision, checkpoints, processes: NumPy inside, an .npz file, tensors at the border."""

from __future__ import annotations

import json
import math
import os
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from given import Trace, TrainState
from numpy.lib.stride_tricks import sliding_window_view
from torch import Tensor, distributed, nn
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def alerts(trace: Trace) -> dict[str, int]:
    """First step of each alert that occurs in a log."""
    found: dict[str, int] = {}

    def report(alert: str, holds: np.ndarray, steps: np.ndarray) -> None:
        if holds.any():
            found[alert] = int(steps[holds.argmax()])

    columns = ("loss", "grad_norm", "lr", "planned_lr", "throughput")
    table = np.array([trace[name] for name in columns], dtype=float)
    steps = np.arange(table.shape[1])
    report("nan", ~np.isfinite(table[:2]).all(axis=0), steps)
    end = found.get("nan", len(steps))
    loss, norm, lr, planned, speed = table[:, :end]
    steps, warmup = steps[:end], trace["warmup"]

    for alert, values, factor in (("spike", loss, 3), ("exploding_grad", norm, 10)):
        before = np.median(sliding_window_view(values, 50)[:-1], axis=1)
        report(alert, values[50:] > factor * before, steps[50:])

    if end > warmup + 200:
        least = np.minimum.accumulate(loss[warmup:-200])
        last = sliding_window_view(loss[warmup + 1 :], 200).min(axis=1)
        report("plateau", last > 0.99 * least, steps[warmup + 200 :])

    off = np.abs(lr - planned) > 0.001 * planned
    report("lr_off_schedule", off[1:] & off[:-1], steps[1:])
    slow = speed < np.median(speed[:50]) / 2
    report("throughput_drop", sliding_window_view(slow, 20).all(axis=1), steps[19:])

    at = np.array([t for t in trace["eval_steps"] if t < end], dtype=int)
    val, score = (np.array(trace[name], dtype=float)[: len(at)] for name in ("val_loss", "caption_score"))
    if len(at) >= 4:
        typical = np.median(sliding_window_view(loss, 50)[at - 49], axis=1)
        rises = sliding_window_view(np.diff(val) > 0, 3).all(axis=1)
        report("overfit", rises & (typical[3:] < typical[:-3]), at[3:])
    if len(at) >= 3:
        mute = (val < trace["chance_loss"] / 2) & (score < 0.05)
        report("score_disagrees", sliding_window_view(mute, 3).all(axis=1), at[2:])
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
    optimizer.zero_grad(set_to_none=True)
    with torch.autocast("cpu", dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    (loss if scaler is None else scaler.scale(loss)).backward()
    if scaler is not None:
        scaler.unscale_(optimizer)

    gradients = [p.grad.numpy() for p in model.parameters() if p.grad is not None]
    norm = math.hypot(*(float(np.linalg.norm(gradient.astype(float))) for gradient in gradients))
    made = math.isfinite(norm)
    if made and norm > max_norm:
        for gradient in gradients:
            gradient *= max_norm / norm

    if scaler is None:
        optimizer.step()
        scheduler.step()
        return loss.item(), norm
    scaler.step(optimizer)
    scaler.update()
    if made:  # all gradients were finite, so the scaler has let the step pass
        scheduler.step()
    return loss.item(), norm


def _pack(value: Any, arrays: list[np.ndarray]) -> Any:
    """What JSON can say of a state; the numbers of tensors and arrays go to a list."""
    if isinstance(value, Tensor):
        arrays.append(value.detach().contiguous().flatten().view(torch.uint8).numpy())
        return {"tensor": len(arrays) - 1, "dtype": str(value.dtype)[6:], "shape": list(value.shape)}
    if isinstance(value, np.ndarray):
        arrays.append(value)
        return {"array": len(arrays) - 1}
    if isinstance(value, dict):  # as pairs, since the keys of an optimizer's state are numbers
        return {"dict": [[key, _pack(content, arrays)] for key, content in value.items()]}
    if isinstance(value, list | tuple):
        return {type(value).__name__: [_pack(content, arrays) for content in value]}
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"{type(value).__name__} is no part of a training's state")


def _unpack(packed: Any, arrays: Any) -> Any:
    if not isinstance(packed, dict):
        return packed
    kind, content = next(iter(packed.items()))
    if kind == "tensor":
        raw = torch.from_numpy(arrays[f"arr_{content}"])
        return raw.view(getattr(torch, packed["dtype"])).reshape(packed["shape"])
    if kind == "array":
        return arrays[f"arr_{content}"]
    if kind == "dict":
        return {key: _unpack(value, arrays) for key, value in content}
    return {"list": list, "tuple": tuple}[kind](_unpack(value, arrays) for value in content)


def save(state: TrainState, path: Path) -> None:
    """Write a training and the random generators to a file, beside it first, then renamed."""
    stateful = {name: getattr(state, name) for name in ("model", "optimizer", "scheduler", "scaler")}
    arrays: list[np.ndarray] = []
    packed = _pack(
        {
            "states": {name: part.state_dict() for name, part in stateful.items() if part is not None},
            "fields": {name: getattr(state, name) for name in ("order", "position", "step", "epoch", "best")},
            "torch": torch.get_rng_state(),
            "numpy": np.random.get_state(),
            "python": random.getstate(),
        },
        arrays,
    )
    beside = f"{path}.writing"
    with open(beside, "wb") as file:
        np.savez(file, *arrays, structure=np.array(json.dumps(packed)))
        file.flush()
        os.fsync(file.fileno())
    os.replace(beside, path)


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when it was saved."""
    with np.load(path) as arrays:
        kept = _unpack(json.loads(str(arrays["structure"])), arrays)
    for name, content in kept["states"].items():
        getattr(state, name).load_state_dict(content)
    for name, value in kept["fields"].items():
        setattr(state, name, value)
    torch.set_rng_state(kept["torch"])
    np.random.set_state(kept["numpy"])
    random.setstate(kept["python"])


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Which checkpoints are due after a step."""
    record = score is not None and (score == score if best is None else score > best)  # NaN is neither
    due = {"regular": step % every == 0, "best": record, "final": step == total}
    return {word for word, holds in due.items() if holds}


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> list[int]:
    """The rows of a rank in an epoch: a piece of a common shuffle."""
    if rank < 0 or rank >= world:
        raise ValueError(f"rank must be in 0 .. {world - 1}, not {rank}")
    source = np.random.SeedSequence(seed, spawn_key=(epoch,))
    order = np.random.Generator(np.random.PCG64(source)).permutation(n)
    return np.array_split(order, world)[rank].tolist()


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave the gradient of the mean loss per token of all ranks in .grad; return that loss."""
    learning = [p for p in model.parameters() if p.requires_grad]
    ends = np.cumsum([2] + [p.numel() for p in learning])
    sums = np.zeros(ends[-1])  # loss, tokens, then all gradients
    for inputs, targets in micro_batches:
        real = targets != pad
        if not real.any():
            continue
        chances = model(inputs)[real].log_softmax(dim=-1)
        loss = -chances.gather(1, targets[real][:, None]).sum()
        sums[:2] += loss.item(), real.sum().item()
        if not learning:
            continue
        gradients = torch.autograd.grad(loss, learning, allow_unused=True)
        for start, end, gradient in zip(ends[:-1], ends[1:], gradients, strict=True):
            if gradient is not None:
                sums[start:end] += gradient.numpy().ravel()

    if distributed.is_initialized():
        distributed.all_reduce(torch.from_numpy(sums))
    tokens = max(sums[1], 1.0)
    for p, start, end in zip(learning, ends[:-1], ends[1:], strict=True):
        p.grad = torch.from_numpy(sums[start:end] / tokens).view_as(p).to(p.dtype)
    return float(sums[0] / tokens)

"""p4, monitor, mixed precision, checkpoints, processes: unfold, functional gradients, flat sums."""

from __future__ import annotations

import io
import os
import random
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from given import Trace, TrainState
from torch import Tensor, distributed, nn
from torch.func import functional_call, grad_and_value
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler


def alerts(trace: Trace) -> dict[str, int]:
    """First step of each alert that occurs in a log."""
    columns = ("loss", "grad_norm", "lr", "planned_lr", "throughput")
    table = torch.tensor([trace[name] for name in columns], dtype=torch.float64)
    found: dict[str, int] = {}

    def report(alert: str, holds: Tensor, steps: Tensor) -> None:
        hits = steps[holds]
        if len(hits):
            found[alert] = int(hits[0])

    steps = torch.arange(table.shape[1])
    report("nan", ~table[:2].isfinite().all(dim=0), steps)
    end = found.get("nan", len(steps))
    steps, table = steps[:end], table[:, :end]
    loss, _, lr, planned, speed = table

    medians = table[:2].unfold(1, 50, 1).median(dim=2).values  # column i is about the steps i to i + 49
    jumped = table[:2, 50:] > torch.tensor([[3.0], [10.0]]) * medians[:, :-1]
    report("spike", jumped[0], steps[50:])
    report("exploding_grad", jumped[1], steps[50:])

    behind = loss[trace["warmup"] :]
    if len(behind) > 200:
        last = behind.unfold(0, 200, 1).amin(dim=1)[1:]
        report("plateau", last > 0.99 * behind.cummin(0).values[:-200], steps[trace["warmup"] + 200 :])

    off = (lr - planned).abs() > 0.001 * planned
    report("lr_off_schedule", off.unfold(0, 2, 1).all(dim=1), steps[1:])
    slow = speed < speed[:50].median() / 2
    report("throughput_drop", slow.unfold(0, 20, 1).all(dim=1), steps[19:])

    at = torch.tensor(trace["eval_steps"], dtype=torch.int64)
    val, score = torch.tensor([trace["val_loss"], trace["caption_score"]], dtype=torch.float64)
    at, val, score = at[at < end], val[at < end], score[at < end]
    if len(at) >= 3:
        mute = (val < trace["chance_loss"] / 2) & (score < 0.05)
        report("score_disagrees", mute.unfold(0, 3, 1).all(dim=1), at[2:])
    if len(at) >= 4:
        rises = (val.diff() > 0).unfold(0, 3, 1).all(dim=1)
        typical = medians[0, at - 49]
        report("overfit", rises & (typical[3:] < typical[:-3]), at[3:])
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
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    scale = 1.0 if scaler is None else scaler.get_scale()
    (loss if scaler is None else scaler.scale(loss)).backward()

    # The gradients stay scaled until the scaler makes the step, and so the limit is scaled as well.
    gradients = [parameter.grad for parameter in model.parameters() if parameter.grad is not None]
    norms = [torch.linalg.vector_norm(gradient, dtype=torch.float64) for gradient in gradients]
    norm = torch.linalg.vector_norm(torch.stack(norms)) / scale
    torch._foreach_mul_(gradients, float((max_norm / norm).clamp(max=1.0)))  # inf times 0 is nan: still seen

    if scaler is None:
        optimizer.step()
    else:
        scaler.step(optimizer)
        scaler.update()
    if scaler is None or norm.isfinite():
        scheduler.step()
    return loss.item(), norm.item()


STATEFUL = ("model", "optimizer", "scheduler", "scaler")
FIELDS = ("order", "position", "step", "epoch", "best")


def save(state: TrainState, path: Path) -> None:
    """Write a training and the random generators to a file, beside it first, then renamed."""
    parts = {name: getattr(state, name) for name in STATEFUL}
    kept = {name: part.state_dict() for name, part in parts.items() if part is not None}
    fields = {name: getattr(state, name) for name in FIELDS}
    generators = torch.get_rng_state(), np.random.get_state(), random.getstate()
    buffer = io.BytesIO()
    torch.save((kept, fields, generators), buffer)
    beside = Path(path).with_suffix(f".{os.getpid()}.tmp")
    beside.write_bytes(buffer.getbuffer())
    beside.replace(path)


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when it was saved."""
    kept, fields, generators = torch.load(path, weights_only=False)
    for name, content in kept.items():
        getattr(state, name).load_state_dict(content)
    vars(state).update(fields)
    setters = torch.set_rng_state, np.random.set_state, random.setstate
    for restore, generator in zip(setters, generators, strict=True):
        restore(generator)


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Which checkpoints are due after a step."""
    regular = {"regular"} if step % every == 0 else set()
    final = {"final"} if step == total else set()
    # A score equals itself unless it is NaN, and a NaN is not above anything.
    better = score is not None and score == score and (best is None or score > best)
    return regular | final | ({"best"} if better else set())


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> Tensor:
    """The rows of a rank in an epoch: every world-th of all rows, in the order of random keys."""
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} is outside of 0 .. {world - 1}")
    # The generator looks at the lower 32 bits of its seed, so both numbers have to reach them.
    generator = torch.Generator().manual_seed(1_000_003 * seed + epoch)
    return torch.rand(n, generator=generator, dtype=torch.float64).argsort()[rank::world]


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave the gradient of the mean loss per token of all ranks in .grad; return that loss."""
    learning = {name: p for name, p in model.named_parameters() if p.requires_grad}
    values = {name: p.detach() for name, p in learning.items()}

    def total_loss(parameters: dict[str, Tensor], inputs: Tensor, targets: Tensor) -> Tensor:
        said = functional_call(model, parameters, (inputs,))[targets != pad]
        real = targets[targets != pad]
        return -said.log_softmax(-1).take_along_dim(real[:, None], 1).sum()

    sizes = [p.numel() for p in learning.values()]
    sums = torch.zeros(2 + sum(sizes), dtype=torch.float64)  # loss, tokens, then all gradients
    for inputs, targets in micro_batches:
        tokens = (targets != pad).sum()
        if tokens == 0:
            continue
        gradients, loss = grad_and_value(total_loss)(values, inputs, targets)
        sums += torch.cat([loss.detach()[None], tokens[None], *(g.flatten() for g in gradients.values())])
    if distributed.is_available() and distributed.is_initialized():
        distributed.all_reduce(sums)

    means = sums / sums[1].clamp(min=1)
    for p, mean in zip(learning.values(), means[2:].split(sizes), strict=True):
        p.grad = mean.view_as(p).to(p.dtype)
    return means[0].item()

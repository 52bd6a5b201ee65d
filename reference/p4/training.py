"""p4: watch a training, make its steps in mixed precision, keep it, spread it over processes.

Questions in order: p4.monitor, p4.amp, p4.checkpoint, p4.distributed.
"""

from __future__ import annotations

import math
import os
import random
from collections.abc import Callable
from pathlib import Path

# BEGIN SOLUTION
from statistics import median

# END SOLUTION
import numpy as np
import torch
from given import Trace, TrainState
from torch import Tensor, distributed, nn
from torch.nn import functional as F
from torch.optim import Optimizer
from torch.optim.lr_scheduler import LRScheduler

# ---- p4.monitor --------------------------------------------------------------------------------------------


def alerts(trace: Trace) -> dict[str, int]:
    """Read a training's log and report what should have woken somebody, with the first step of each.

    These are the rules. "Median of n steps" is that of their n values; "the last n" steps are t - n + 1 to t,
    "the n before" are t - n to t - 1.

        nan              loss or grad_norm of step t is not finite. The training counts as over then: no other
                         alert is raised at step t or later, and evaluations at step t or later do not count.
        spike            loss[t] is above 3 times the median loss of the 50 steps before; t is 50 or more.
        exploding_grad   grad_norm[t] is above 10 times the median of the 50 steps before; t is 50 or more.
        plateau          the least loss of the last 200 steps is above 0.99 times the least loss from step
                         `warmup` to step t - 200, both counted; t - 200 is `warmup` or more.
        lr_off_schedule  |lr - planned_lr| is above 0.001 * planned_lr at steps t - 1 and t.
        throughput_drop  throughput is below half the median of steps 0 to 49 (the first 50) at each of the
                         last 20 steps.
        overfit          at the evaluation after step t val_loss is above that of the evaluation before, and
                         so it was at the two evaluations before this one (four values, each above the one
                         before), while the median loss of the last 50 steps is below what it was three
                         evaluations ago.
        score_disagrees  at the evaluation after step t and at the two before it, val_loss is below half the
                         chance loss and caption_score below 0.05.

    Args:
        trace: its columns stand in given.Trace. At least 300 steps; the first 100 losses and norms are
            finite. Values keep far from every limit above. Not modified.

    Returns: {alert: first step t at which its line holds}, only alerts that occur; {} if there are none. A
    step counts as right within 5 of it.

    Example: a trace with lr = planned_lr up to step 99, twice that from step 100 on, and nothing else, gives
    {"lr_off_schedule": 101}.
    """
    # BEGIN SOLUTION p4.monitor
    logged = zip(trace["loss"], trace["grad_norm"], strict=True)
    finite = [math.isfinite(a) and math.isfinite(b) for a, b in logged]
    end = finite.index(False) if False in finite else len(finite)
    loss, norm, speed = trace["loss"][:end], trace["grad_norm"][:end], trace["throughput"][:end]
    warmup = trace["warmup"]
    off = [abs(a - b) > 1e-3 * b for a, b in zip(trace["lr"], trace["planned_lr"], strict=True)]
    usual = median(speed[:50])
    slow = 0
    found: dict[str, int] = {} if end == len(finite) else {"nan": end}
    best_before = math.inf
    for t in range(end):
        slow = slow + 1 if speed[t] < 0.5 * usual else 0
        if t - 200 >= warmup:
            best_before = min(best_before, loss[t - 200])
            if min(loss[t - 199 : t + 1]) > 0.99 * best_before:
                found.setdefault("plateau", t)
        if t >= 50 and loss[t] > 3 * median(loss[t - 50 : t]):
            found.setdefault("spike", t)
        if t >= 50 and norm[t] > 10 * median(norm[t - 50 : t]):
            found.setdefault("exploding_grad", t)
        if t >= 1 and off[t - 1] and off[t]:
            found.setdefault("lr_off_schedule", t)
        if slow >= 20:
            found.setdefault("throughput_drop", t)
    at, val, score = trace["eval_steps"], trace["val_loss"], trace["caption_score"]
    for k in range(sum(step < end for step in at)):
        if k >= 3 and val[k - 3] < val[k - 2] < val[k - 1] < val[k]:
            then, now = (median(loss[max(0, step - 49) : step + 1]) for step in (at[k - 3], at[k]))
            if now < then:
                found.setdefault("overfit", at[k])
        if k >= 2 and all(val[j] < 0.5 * trace["chance_loss"] and score[j] < 0.05 for j in (k - 2, k - 1, k)):
            found.setdefault("score_disagrees", at[k])
    return found
    # END SOLUTION


# ---- p4.amp ------------------------------------------------------------------------------------------------


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
    """Make one training step in mixed precision.

    The loss is loss_fn(model(inputs), targets); model and loss_fn both run under autocast. The gradient of
    all parameters together is scaled down to the norm max_norm if its norm is above that; its norm is that of
    the gradient of the loss itself, whatever the scaler has multiplied it with. Then the optimizer makes its
    step, and the scheduler, which counts steps, makes one after it.

    With a scaler, a gradient that is not finite means: no step of the optimizer, none of the scheduler, and
    a smaller scale from then on. A step that was made may leave the scale as it is or make it larger. What
    becomes of such a gradient in bfloat16, without a scaler, is not asked.

    Args:
        model: parameters float32, and they stay so; left in the mode in which it comes.
        batch: inputs, targets; on the device of the model, not modified.
        optimizer: holds exactly the parameters of the model. What stands in their .grad when the call begins
            does not count, and what stands there when it ends is free. A parameter that the loss does not use
            adds nothing to the norm; whether it has the gradient 0 or none (None) is free too.
        scheduler: of this optimizer; its first step has been made, as torch does when it is built.
        scaler: None with bfloat16, which has the range of float32.
        max_norm: largest norm of the gradient, above 0.
        dtype: torch.float16 or torch.bfloat16, for autocast, which chooses the type of each operation: inputs
            are handed to the model as they come. They may be whole numbers, or too large for float16.

    Returns: the loss of the batch, and the norm of its gradient before it is scaled down; both are what they
    would be without a scaler. Where the step is skipped the norm is inf or nan.

    Example: a single weight of 1, the input 3, the target 0, the squared error, SGD with lr 0.1, max_norm 1,
    float16 and a scale of 1024 give the loss 9 and the norm 18, and leave the weight 0.9.
    """
    # BEGIN SOLUTION p4.amp
    inputs, targets = batch
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    if scaler is None:
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item(), norm.item()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a smaller one says that the step was skipped
        scheduler.step()
    return loss.item(), norm.item()
    # END SOLUTION


# ---- p4.checkpoint -----------------------------------------------------------------------------------------


def save(state: TrainState, path: Path) -> None:
    """Write everything to a file that `load` needs, so that the training can go on as if never interrupted.

    That is the whole of `state`, and the states of the global random number generators of torch (CPU), NumPy
    (np.random) and Python (random). Saving changes none of them: a training that is saved goes on as one that
    is not.

    Whatever happens while it writes (the disk is full, the process is killed): what stood under `path` before
    is there and whole until the new file is complete. An error may be passed on, and a temporary file may
    stay behind. Only within a folder does a rename happen whole or not at all: the system's folder for
    temporary files may lie on another disk, and to move a file from there is to copy it.

    Whether the model is in training or in evaluation mode is no part of the state.

    Args:
        path: the file, in a folder that exists. It holds everything, for it may be carried to another machine
            alone; its format is yours. A file that is there is replaced.

    Example: five steps, save, load in a new process, five steps leave the same bits as ten steps.
    """
    # BEGIN SOLUTION p4.checkpoint
    kind, keys, *rest = np.random.get_state()
    content = {
        "model": state.model.state_dict(),
        "optimizer": state.optimizer.state_dict(),
        "scheduler": state.scheduler.state_dict(),
        "scaler": None if state.scaler is None else state.scaler.state_dict(),
        "order": state.order,
        "counters": (state.position, state.step, state.epoch, state.best),
        # Plain numbers, so that torch.load can read the file without trusting it.
        "random": (torch.get_rng_state(), (kind, keys.tolist(), *rest), random.getstate()),
    }
    beside = path.with_name(path.name + ".part")
    torch.save(content, beside)
    os.replace(beside, path)  # in one piece, or not at all
    # END SOLUTION


def load(state: TrainState, path: Path) -> None:
    """Bring a training to where it was when `save` wrote the file.

    Args:
        state: built by the same code as the one that was saved, perhaps in another process, from another
            seed, or further along; with a scaler if and only if that one had one. Its model, optimizer,
            scheduler and scaler are filled, not replaced, since others hold them too; the other fields are
            set.
        path: what `save` wrote. It can be loaded any number of times.

    The global random number generators of torch, NumPy and Python are set as well.
    """
    # BEGIN SOLUTION p4.checkpoint
    content = torch.load(path)
    for name in ("model", "optimizer", "scheduler", "scaler"):
        part = getattr(state, name)
        if part is not None:
            part.load_state_dict(content[name])
    state.order = content["order"]
    state.position, state.step, state.epoch, state.best = content["counters"]
    torch_state, numpy_state, python_state = content["random"]
    torch.set_rng_state(torch_state)
    np.random.set_state(numpy_state)
    random.setstate(python_state)
    # END SOLUTION


def should_save(
    step: int, score: float | None, best: float | None, total: int, every: int = 5000
) -> set[str]:
    """Return which checkpoints are due after a step.

        "regular"  the number of steps done is a multiple of `every`
        "best"     there is a score, and it is above the best so far, or the first one
        "final"    the last step is done

    Args:
        step: steps done, 1 .. total.
        score: the score of the evaluation after this step, higher is better; finite or NaN, or None if there
            was none. A NaN is never the best, nor is a score that only equals the best.
        best: the best score before this one, finite; None if there was none.
        total: steps of the whole training.

    Returns: a set of these words, the empty one if no checkpoint is due.

    Example: should_save(10_000, 0.31, 0.30, 100_000) gives {"regular", "best"}.
    """
    # BEGIN SOLUTION p4.checkpoint
    due = {
        "regular": step % every == 0,
        "best": score is not None and not math.isnan(score) and (best is None or score > best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}
    # END SOLUTION


# ---- p4.distributed ----------------------------------------------------------------------------------------


def shard(n: int, world: int, rank: int, epoch: int, seed: int) -> list[int] | Tensor:
    """Return the rows of the data that a rank trains on in an epoch, in its order: a list, or a 1-D tensor.

    Over all ranks of an epoch, each of the rows 0 .. n - 1 occurs exactly once: none is left out, none is
    repeated, and the numbers of rows of two ranks differ by at most 1. Which rows a rank gets is drawn anew,
    over all rows, in every epoch and for every seed: any two rows meet on one rank in some epochs and part in
    others.

    The ranks do not talk to each other: each calls this function for itself, and they agree because the draw
    depends on n, seed and epoch alone. Two pairs of seed and epoch with the same sum may give the same draw.
    torch's, NumPy's and Python's global random numbers are neither used nor changed.

    Args:
        n: number of rows, 0 or more; it may be smaller than world.
        world: number of ranks, 1 or more.
        rank: 0 .. world - 1.
        epoch: 0 or more.
        seed: 0 .. 2**31 - 1.

    Raises ValueError if rank is not one of these.

    Example: n = 10 and world = 4 give four ranks 3, 3, 2 and 2 rows, in any order of these numbers.
    """
    # BEGIN SOLUTION p4.distributed
    if not 0 <= rank < world:
        raise ValueError(f"rank {rank} of {world}")
    generator = torch.Generator().manual_seed(hash((seed, epoch)) % 2**63)
    return torch.randperm(n, generator=generator)[rank::world].tolist()
    # END SOLUTION


def accumulate(model: nn.Module, micro_batches: list[tuple[Tensor, Tensor]], pad: int) -> float:
    """Leave in .grad the gradient of the mean loss per token over all micro-batches of all ranks.

    The loss of a token is the cross-entropy of its logits; a target that is `pad` is no token. Micro-batches
    have different numbers of tokens, and all tokens weigh the same.

    Where a process group is up (torch.distributed), every rank calls this function, each with micro-batches
    of its own and with the same weights. The mean is over the tokens of all ranks, and afterwards every rank
    has the same gradient. Without a group there is only this process.

    Args:
        model: maps inputs (B, T) to logits (B, T, V). Its parameters' .grad may hold something when the call
            begins: that does not count. Its frozen parameters (requires_grad False) are left alone; one whose
            .grad is None has no gradient afterwards either, not even one of zeros.
        micro_batches: (inputs (B, T) int64, targets (B, T) int64) each, already shifted; B and T may differ.
            They are forwarded one at a time, for all of them together would not fit into memory; each once,
            and on its own rank alone. One without any token may be left out. A micro-batch, or a rank, may
            have no token at all, and a rank may have no micro-batch.
        pad: the target that is no token; it need not be a class.

    Returns: the mean loss per token over all ranks, the same on each; 0 if there is no token anywhere, and
    the gradients are then 0.

    A parameter that got no gradient on this rank counts as one with the gradient 0: another rank may have
    one for it. Where no rank has, 0 and None are both right.

    Example: micro-batches with 1 token of loss 2.0 and 3 tokens of mean loss 1.0 give 1.25, not 1.5.
    """
    # BEGIN SOLUTION p4.distributed
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    totals = torch.zeros(2, dtype=torch.float64)
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        loss.backward()
        totals += torch.tensor([loss.item(), (targets != pad).sum().item()], dtype=torch.float64)
    if distributed.is_initialized():
        distributed.all_reduce(totals)
        for parameter in parameters:
            distributed.all_reduce(parameter.grad)
    tokens = max(totals[1].item(), 1)
    for parameter in parameters:
        parameter.grad /= tokens
    return totals[0].item() / tokens
    # END SOLUTION

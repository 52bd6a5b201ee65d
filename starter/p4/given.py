"""Given with p4's training.py, not handed in: traces, the state of a training, processes that train together.

A grader uses its own copy of this file, so a change here changes nothing in a grade.
"""

from __future__ import annotations

import multiprocessing
import os
import pickle
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from multiprocessing.connection import Connection, wait
from pathlib import Path
from types import ModuleType
from typing import Any, TypedDict

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as F
from torch.optim.lr_scheduler import CosineAnnealingLR, LRScheduler

# ---- p4.monitor --------------------------------------------------------------------------------------------

ALERTS = (
    "exploding_grad",
    "lr_off_schedule",
    "nan",
    "overfit",
    "plateau",
    "score_disagrees",
    "spike",
    "throughput_drop",
)


class Trace(TypedDict):
    """What a training has logged. Row t of the first five columns is step t, counted from 0."""

    loss: list[float]  # training loss, nats per token
    grad_norm: list[float]  # unscaled, before clipping
    lr: list[float]  # the learning rate that the step was made with
    planned_lr: list[float]  # what the schedule asks for; above 0
    throughput: list[float]  # images per second
    eval_steps: list[int]  # the steps after which there was an evaluation, ascending, 50 or later
    val_loss: list[float]  # one for each evaluation, nats per token; finite
    caption_score: list[float]  # one for each evaluation: share of captions that are right word by word
    warmup: int  # warm-up steps: step `warmup` is the first one after them
    chance_loss: float  # the loss of guessing, ln V


# ---- p4.checkpoint -----------------------------------------------------------------------------------------


@dataclass
class TrainState:
    """Everything that a training is in the middle of, but for the global random number generators."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    scheduler: LRScheduler
    scaler: torch.amp.GradScaler | None
    order: Tensor  # (N,) int64: the rows of the data in the order of this epoch
    position: int = 0  # how many of them have been used
    step: int = 0  # optimizer steps done
    epoch: int = 0
    best: float | None = None  # the best score so far; None before the first evaluation


def fresh_state(seed: int, rows: int = 24, scaled: bool = True) -> TrainState:
    """A small training before its first step; two of different seeds differ in every number.

    Seeds torch's, NumPy's and Python's global generators, as the head of a training script does.

    :param rows: N, rows of the data; a batch of one row is too small for the BatchNorm, so not 8, 15, 22 ..
    :param scaled: with a GradScaler.
    """
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)
    model = nn.Sequential(nn.Linear(5, 12), nn.BatchNorm1d(12), nn.ReLU(), nn.Dropout(0.3), nn.Linear(12, 3))
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.02, betas=(0.9, 0.98), weight_decay=0.01)
    scheduler = CosineAnnealingLR(optimizer, T_max=200)
    scaler = torch.amp.GradScaler("cpu", init_scale=2.0**12, growth_interval=3) if scaled else None
    return TrainState(model, optimizer, scheduler, scaler, order=torch.randperm(rows))


def advance(state: TrainState, inputs: Tensor, targets: Tensor, steps: int, batch: int = 7) -> list[float]:
    """Go on with a training for some steps, with all the randomness that trainings have.

    :param inputs: (N, 5) float32, N as in ``fresh_state``.
    :param targets: (N,) int64, 0 .. 2.
    :param batch: rows of a batch; the last one of an epoch is smaller where N is no multiple.
    :return: the loss of each step.
    """
    losses = []
    state.model.train()
    for _ in range(steps):
        if state.position >= len(state.order):  # the epoch is through: a new order
            state.order, state.position = torch.randperm(len(state.order)), 0
            state.epoch += 1
        rows = state.order[state.position : state.position + batch]
        state.position += len(rows)
        noise = torch.from_numpy(np.random.normal(0, 0.1, size=(len(rows), 5)).astype(np.float32))
        mirrored = -1.0 if random.random() < 0.3 else 1.0
        loss = F.cross_entropy(state.model(mirrored * inputs[rows] + noise), targets[rows])
        state.optimizer.zero_grad()
        if state.scaler is None:
            loss.backward()
            state.optimizer.step()
        else:
            state.scaler.scale(loss).backward()
            state.scaler.step(state.optimizer)
            state.scaler.update()
        state.scheduler.step()
        state.step += 1
        losses.append(loss.item())
        if state.step % 3 == 0:
            score = -loss.item()
            state.best = score if state.best is None else max(state.best, score)
    return losses


# ---- p4.distributed ----------------------------------------------------------------------------------------


class TinyDecoder(nn.Module):
    """A next-word model that is as small as can be: (B, T) int64 to logits (B, T, words).

    Each position sees its own word alone. Only captions of more than four words use ``late``, so it can be
    without a gradient.
    """

    def __init__(self, words: int, width: int = 6) -> None:
        super().__init__()
        self.embedding = nn.Embedding(words, width)
        self.hidden = nn.Linear(width, width)
        self.late = nn.Linear(width, width)
        self.head = nn.Linear(width, words)

    def forward(self, inputs: Tensor) -> Tensor:
        """(B, T) int64 to (B, T, words)."""
        x = self.embedding(inputs)
        x = x + torch.tanh(self.hidden(x))
        if inputs.shape[1] > 4:
            x = x + torch.tanh(self.late(x))
        return self.head(x)


def launch(
    task: Callable[..., Any],
    arguments: list[tuple[Any, ...]],
    *,
    seconds: float = 20.0,
    method: str | None = None,
) -> list[Any]:
    """Run ``task(*arguments[rank])`` in one process per rank, joined to a process group (gloo, CPU).

    :param task: a function at the top level of a module that can be imported.
    :param arguments: a tuple for each rank; their number is the size of the world.
    :param seconds: after which the ranks are killed, on the clock on the wall. A third of it has to be enough
        for the others once one rank has come to its end.
    :param method: "fork" or "spawn"; None: fork on Linux, spawn elsewhere.
    :return: what each rank returned, tensors included.
    :raises NotImplementedError: a rank met a stub.
    :raises RuntimeError: a rank failed; the others are killed.
    :raises TimeoutError: some rank did not come to its end, as when one waits for an all_reduce that another
        does not call.
    """
    context: Any = multiprocessing.get_context(method or ("fork" if sys.platform == "linux" else "spawn"))
    world, ranks, ends = len(arguments), [], {}
    with tempfile.TemporaryDirectory(prefix="ranks-", ignore_cleanup_errors=True) as folder:
        store = os.path.join(folder, "store")
        try:
            with _importable_by_others(task):
                for rank, given in enumerate(arguments):
                    ours, theirs = context.Pipe(duplex=False)
                    process = context.Process(
                        target=_rank, args=(rank, world, store, theirs, seconds, task, given), daemon=True
                    )
                    process.start()
                    theirs.close()
                    ranks.append(process)
                    ends[ours] = rank
            return _collect(ends, seconds)
        finally:
            for process in ranks:  # no rank may outlive the call, whatever became of it
                process.kill()
                process.join()
            for end in ends:
                end.close()


def _rank(
    rank: int, world: int, store: str, end: Connection, seconds: float, task: Callable[..., Any], given: Any
) -> None:
    """The life of one rank: join, work, tell."""
    torch.set_num_threads(1)
    loopback = {"linux": "lo", "darwin": "lo0"}.get(sys.platform)
    if loopback:  # the name of this machine may not lead back to it
        os.environ["GLOO_SOCKET_IFNAME"] = loopback
    from torch import distributed

    try:
        distributed.init_process_group(
            "gloo",
            store=distributed.FileStore(store, world),
            rank=rank,
            world_size=world,
            timeout=timedelta(seconds=seconds),
        )
        said = ("answer", task(*given))
    except NotImplementedError as error:
        said = ("stub", str(error))
    except BaseException as error:
        last = traceback.extract_tb(error.__traceback__)[-1]
        place = f"{os.path.basename(last.filename)}, line {last.lineno}"
        said = ("failure", f"rank {rank}: {type(error).__name__} ({place}): {error}")
    end.send_bytes(pickle.dumps(said))
    # Whoever leaves closes connections on which others may still be waiting: all are ended from outside.
    time.sleep(seconds)


def _collect(ends: dict[Connection, int], seconds: float) -> list[Any]:
    answers: dict[int, Any] = {}
    deadline = time.monotonic() + seconds
    while len(answers) < len(ends):
        pending = [end for end, rank in ends.items() if rank not in answers]
        ready = wait(pending, max(0.0, deadline - time.monotonic()))
        if not ready:
            raise TimeoutError("the ranks did not come to an end: does one wait for the others?")
        for end in ready:
            kind, value = _heard(end, ends)
            if kind == "failure":  # it may only have noticed that another one is gone
                for other in pending:
                    if other is not end and other.poll(0.2):
                        _heard(other, ends)
                raise RuntimeError(value)
            answers[ends[end]] = value
            deadline = min(deadline, time.monotonic() + seconds / 3)
    return [answers[rank] for rank in sorted(answers)]


def _heard(end: Connection, ends: dict[Connection, int]) -> tuple[str, Any]:
    try:
        kind, value = pickle.loads(end.recv_bytes())
    except EOFError:
        raise RuntimeError(f"the process of rank {ends[end]} ended without a word") from None
    if kind == "stub":
        raise NotImplementedError(value)
    return kind, value


class _importable_by_others:
    """While ranks are started: a new interpreter finds the task's module, and does not run this program."""

    def __init__(self, task: Callable[..., Any]) -> None:
        places = {str(Path(__file__).parent), str(Path(task.__code__.co_filename).parent)}
        self.added = [place for place in sorted(places) if place not in sys.path and Path(place).is_dir()]

    def __enter__(self) -> None:
        self.main = sys.modules["__main__"]
        sys.modules["__main__"] = ModuleType("__main__")
        sys.path.extend(self.added)

    def __exit__(self, *_: object) -> None:
        sys.modules["__main__"] = self.main
        for place in self.added:
            sys.path.remove(place)


def gradients_on_a_rank(
    weights: dict[str, Tensor],
    frozen: list[str],
    stale: float,
    batches: list[tuple[Tensor, Tensor]],
    pad: int,
) -> tuple[float, dict[str, Tensor | None]]:
    """What ``training.accumulate`` leaves on this rank: its return value, and the gradients by name.

    :param weights: the state_dict of a TinyDecoder.
    :param frozen: names of parameters that are frozen.
    :param stale: stands in every gradient buffer before the call; nan: the buffers are empty.
    """
    import training

    model = TinyDecoder(*weights["embedding.weight"].shape)
    model.load_state_dict(weights)
    for name, parameter in model.named_parameters():
        parameter.requires_grad_(name not in frozen)
        if stale == stale and parameter.requires_grad:
            parameter.grad = torch.full_like(parameter, stale)
    loss = training.accumulate(model, batches, pad)
    return float(loss), {name: parameter.grad for name, parameter in model.named_parameters()}

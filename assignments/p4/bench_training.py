"""Probes of training.py for the hidden tests: a full disk, the order of work, other random numbers."""

from __future__ import annotations

import contextlib
import errno
import os
import random
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import training
from given import TinyDecoder, TrainState, advance, fresh_state, launch
from torch import Tensor

# ---- p4.checkpoint -----------------------------------------------------------------------------------------


def _numbers(state: TrainState) -> Tensor:
    """What was learned, and where."""
    values = [value.flatten().double() for value in state.model.state_dict().values()]
    best = -1.0 if state.best is None else state.best
    return torch.cat([*values, torch.tensor([state.step, state.position, state.epoch, best]).double()])


class _Unwritable(torch.nn.Linear):
    """A layer that cannot be saved: the second best way to let a save fail, where files have no limit."""

    def get_extra_state(self) -> object:
        """Something that no file takes."""
        return (torch.zeros(1000), lambda: None)

    def set_extra_state(self, state: object) -> None:
        """Never called."""


def full_disk(seed: int, data_seed: int, steps: list[int]) -> list[Tensor]:
    """Save; train on and save while files may grow to half their size only; load; save and load once more.

    :param steps: before the first save, and before each of the others.
    :return: what was saved first, what was loaded after the second save, what was saved last, what was loaded
        after that.
    """
    generator = torch.Generator().manual_seed(data_seed)
    data = torch.randn(24, 5, generator=generator), torch.randint(3, (24,), generator=generator)
    state = fresh_state(seed)
    advance(state, *data, steps[0])
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "training.pt"
        training.save(state, path)
        first = _numbers(state)
        advance(state, *data, steps[1])
        _save_badly(state, path)
        training.load(state, path)
        kept = _numbers(state)
        advance(state, *data, steps[2])
        last = _numbers(state)
        training.save(state, path)
        advance(state, *data, 1)
        training.load(state, path)
        return [first, kept, last, _numbers(state)]


def killed_save(seed: int, data_seed: int, steps: int) -> tuple[list[Tensor], list[Tensor]]:
    """Save at the beginning; then, some steps later, in processes that are killed at a write; load.

    A process is killed where a file grows over half of the first file, over all of it, or over nine tenths of
    what the new one needs: a copy of the old file passes the last two. Two more are killed where they write
    into the file itself; to the second of them every other folder is another disk.

    :return: what the first file holds and what the second save would have written, and what each load found.
    """
    generator = torch.Generator().manual_seed(data_seed)
    data = torch.randn(24, 5, generator=generator), torch.randint(3, (24,), generator=generator)
    state = fresh_state(seed)
    with tempfile.TemporaryDirectory() as folder:
        path, whole = Path(folder) / "training.pt", Path(folder) / "elsewhere" / "training.pt"
        whole.parent.mkdir()
        training.save(state, path)
        old = _numbers(state)
        advance(state, *data, steps)
        new = _numbers(state)
        training.save(state, whole)
        size, found = path.stat().st_size, []
        limits = (size // 2, size, whole.stat().st_size * 9 // 10)
        for limit, apart in (*((limit, False) for limit in limits), (None, False), (None, True)):
            _save_and_die(state, path, limit, apart)
            advance(state, *data, 1)  # a load that does nothing is seen
            found.append(_loaded(state, path))
            training.load(state, whole)
    return [old, new], found


def _loaded(state: TrainState, path: Path) -> Tensor:
    """What is in a file; NaN where it is gone or torn."""
    try:
        training.load(state, path)
    except NotImplementedError:
        raise
    except Exception:
        return torch.full_like(_numbers(state), torch.nan)
    return _numbers(state)


def _save_and_die(state: TrainState, path: Path, limit: int | None, apart: bool) -> None:
    """Save in a process of its own, which a file that grows over the limit ends without a word.

    :param limit: in bytes; None: files may grow until the one under ``path`` is opened to be written.
    :param apart: its folder is a disk of its own.
    """
    if not hasattr(os, "fork"):
        return
    child = os.fork()
    if child == 0:
        try:
            import resource
            import signal

            resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
            signal.signal(signal.SIGXFSZ, signal.SIG_DFL)
            most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
            if limit is not None:
                resource.setrlimit(resource.RLIMIT_FSIZE, (limit, most))
            else:
                half = path.stat().st_size // 2
                _when_written(path, lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (half, most)))
            if apart:
                _on_a_disk_of_its_own(path.parent.resolve())
            training.save(state, path)
        finally:
            os._exit(0)
    os.waitpid(child, 0)


def _when_written(path: Path, opened: Callable[[], None]) -> None:
    """For the rest of this process: call a function where a file is about to be opened for writing."""
    file = path.resolve()

    def watch(event: str, arguments: tuple[object, ...]) -> None:
        if event != "open" or not isinstance(arguments[0], str | bytes | os.PathLike):
            return
        writes = bool(int(arguments[2]) & (os.O_WRONLY | os.O_RDWR))
        if writes and Path(os.fsdecode(arguments[0])).resolve() == file:
            opened()

    sys.addaudithook(watch)


def _on_a_disk_of_its_own(folder: Path) -> None:
    """For the rest of this process: what lies outside a folder cannot be renamed into it."""

    def within(other: object) -> bool:
        return folder in Path(os.fsdecode(other)).resolve().parents

    def on_one_disk(rename: Callable[..., None]) -> Callable[..., None]:
        def renamed(source: object, target: object, **more: object) -> None:
            if within(source) != within(target):
                raise OSError(errno.EXDEV, os.strerror(errno.EXDEV))
            rename(source, target, **more)

        return renamed

    os.rename, os.replace, os.link = map(on_one_disk, (os.rename, os.replace, os.link))


def _save_badly(state: TrainState, path: Path) -> None:
    try:
        import resource
    except ImportError:
        model, state.model = state.model, _Unwritable(2, 2)
        with contextlib.suppress(Exception):
            training.save(state, path)
        state.model = model
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (path.stat().st_size // 2, hard))
    with contextlib.suppress(Exception):  # whether it is passed on is free
        training.save(state, path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


# ---- p4.distributed ----------------------------------------------------------------------------------------


def shards(n: int, world: int, epochs: list[int], seed: int, elsewhere: list[int]) -> list[list[Tensor]]:
    """The rows of every rank in some epochs.

    :param elsewhere: with what the global generators are seeded before each rank's call.
    """
    found = []
    for epoch in epochs:
        ranks = []
        for rank in range(world):
            _seed_all(elsewhere[rank % len(elsewhere)] + epoch)
            ranks.append(torch.as_tensor(training.shard(n, world, rank, epoch, seed)).long())
        found.append(ranks)
    return found


def ranks_of_rows(n: int, world: int, draws: list[tuple[int, int]]) -> Tensor:
    """The rank that each row is dealt to, (draws, n) int64; -1: to none.

    :param draws: epoch and seed of each draw.
    """
    found = torch.full((len(draws), n), -1)
    for at, (epoch, seed) in enumerate(draws):
        for rank in range(world):
            found[at, torch.as_tensor(training.shard(n, world, rank, epoch, seed)).long()] = rank
    return found


def drawn_after_shards(
    calls: list[tuple[int, int, int, int, int]], global_seed: int
) -> tuple[list[float], list[Tensor]]:
    """The next numbers of the three global generators after calls of shard, and the rows of each call."""
    _seed_all(global_seed)
    found = [training.shard(*call) for call in calls]
    drawn = [float(torch.rand(())), float(np.random.rand()), random.random()]
    return drawn, [torch.as_tensor(rows).long() for rows in found]


def _seed_all(seed: int) -> None:
    torch.manual_seed(seed)
    np.random.seed(seed % 2**32)
    random.seed(seed)


def forwarded_on_ranks(
    seed: int, words: int, ranks: list[list[tuple[Tensor, Tensor]]], pad: int
) -> list[list[Tensor]]:
    """What the model was given on each rank, in order; each rank is a real process."""
    return launch(
        _forwarded, [(seed, words, [tuple(pair) for pair in batches], pad) for batches in ranks], seconds=12.0
    )


def _forwarded(seed: int, words: int, batches: list[tuple[Tensor, Tensor]], pad: int) -> list[Tensor]:
    torch.manual_seed(seed)
    model = TinyDecoder(words)
    seen: list[list[list[int]]] = []
    # Numbers, not tensors: inside torch.func's transforms a tensor is wrapped, and no pipe takes it.
    model.register_forward_pre_hook(lambda module, inputs: seen.append(inputs[0].tolist()))
    training.accumulate(model, batches, pad)
    return [torch.tensor(rows) for rows in seen]


def order_of_work(
    seed: int, words: int, batches: list[tuple[Tensor, Tensor]], pad: int
) -> tuple[str, list[Tensor]]:
    """Forward and backward passes in their order, as "f" and "b"; what each backward brings to its logits."""
    torch.manual_seed(seed)
    model = TinyDecoder(words)
    order, brought = [], []

    def forwarded(module: torch.nn.Module, inputs: tuple[Tensor, ...], logits: Tensor) -> None:
        order.append("f")
        logits.register_hook(came_back)

    def came_back(gradient: Tensor) -> None:
        order.append("b")
        brought.append(gradient.clone())

    model.register_forward_hook(forwarded)
    training.accumulate(model, [tuple(pair) for pair in batches], pad)
    return "".join(order), brought

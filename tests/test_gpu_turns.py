"""A GPU test waits for its turn, finds the card once, and gives it back."""

from __future__ import annotations

import signal
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import pytest

from grader import gpu_turns, site
from grader.cards import PEAKS, Card, NoCard
from grader.connection import Died
from grader.faults import NotRunHere
from grader.gpu_turns import Turns
from grader.judging import Judge, backstop_key
from grader.worker import codec, messages

CARD = Card("NVIDIA L4", "GPU-1", 24 << 30, 1 << 30, "570")


class Worker:
    """A worker of ours that says what came of a tensor operation."""

    def __init__(self, said: Any) -> None:
        self.said = said
        self.closed = False

    def request(self, message: Any, buffers: Any, allowance: Any) -> Any:
        if isinstance(self.said, Exception):
            raise self.said
        return self.said, bytearray()

    def close(self) -> None:
        self.closed = True


def answered(*items: Any) -> messages.Answer:
    return messages.Answer(1, codec.List(list(items)))


WORKS = answered("", "NVIDIA L4", 24 << 30)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> SimpleNamespace:
    """One card, whose lock and memory are written down."""
    seen = SimpleNamespace(log=[], used=[1 << 30], cards=[CARD])

    @contextmanager
    def held(uuid: str) -> Any:
        seen.log.append(f"locked {uuid}")
        yield
        seen.log.append(f"released {uuid}")

    def now(uuid: str) -> Card:
        used = seen.used.pop(0) if len(seen.used) > 1 else seen.used[0]
        return replace(CARD, used_bytes=used)

    monkeypatch.setattr(gpu_turns.gpu_lock, "held", held)
    monkeypatch.setattr(site, "cards", lambda: seen.cards)
    monkeypatch.setattr(site, "card_with", now)
    return seen


def test_each_test_has_the_lock_and_the_card_is_tried_once(machine: SimpleNamespace) -> None:
    turns, started = Turns(rehearsal=False), []

    def start(uuid: str) -> Any:
        machine.log.append(f"tried {uuid}")
        started.append(Worker(WORKS))
        return started[-1]

    for _ in range(2):
        with ExitStack() as turn:
            taken = turns.take(turn, start)
    assert machine.log == ["locked GPU-1", "tried GPU-1", "released GPU-1", "locked GPU-1", "released GPU-1"]
    assert [worker.closed for worker in started] == [True]
    assert (taken.device, taken.name, taken.peak) == ("cuda", "NVIDIA L4", PEAKS["NVIDIA L4"])
    assert (taken.memory_bytes, taken.rehearsal) == (24 << 30, False)


def test_the_memory_is_looked_at_when_the_turn_has_come(machine: SimpleNamespace) -> None:
    machine.used = [2 << 30, 3 << 30]
    turns = Turns(rehearsal=False)
    taken = []
    for _ in range(2):
        with ExitStack() as turn:
            taken.append(turns.take(turn, lambda uuid: Worker(WORKS)).card.used_bytes)
    assert taken == [2 << 30, 3 << 30]


@pytest.mark.parametrize(
    ("said", "words"),
    [
        (answered("torch finds no device", "", 0), "cannot be used from a worker: torch finds no device"),
        (answered(), "it says nothing that can be read"),
        (messages.Absent(1, "no"), "it says nothing that can be read"),
        (Died(-9), "a worker on NVIDIA L4 failed: exit status -9"),
    ],
)
def test_a_card_that_cannot_be_used_is_tried_once(machine: SimpleNamespace, said: Any, words: str) -> None:
    turns, workers = Turns(rehearsal=False), []

    def start(uuid: str) -> Any:
        workers.append(Worker(said))
        return workers[-1]

    for _ in range(2):
        with ExitStack() as turn, pytest.raises(NotRunHere, match=f"needs a GPU: .*{words}"):
            turns.take(turn, start)
    assert [worker.closed for worker in workers] == [True]
    assert machine.log == ["locked GPU-1", "released GPU-1"]


def test_a_card_that_nobody_knows(machine: SimpleNamespace) -> None:
    machine.cards = [replace(CARD, name="NVIDIA X1")]
    site_card = replace(CARD, name="NVIDIA X1")
    with pytest.raises(NotRunHere, match=r"nobody knows what NVIDIA X1 can do at most.*grader/cards\.py"):
        site.site_of(site_card, lambda uuid: Worker(WORKS))


def test_without_a_card(monkeypatch: pytest.MonkeyPatch) -> None:
    def none() -> list[Card]:
        raise NoCard("nvidia-smi is not there")

    monkeypatch.setattr(site, "cards", none)
    turns = Turns(rehearsal=False)
    for _ in range(2):
        with ExitStack() as turn, pytest.raises(NotRunHere, match=r"^needs a GPU: nvidia-smi is not there$"):
            turns.take(turn, lambda uuid: Worker(WORKS))


def test_a_card_that_goes_while_one_waits(machine: SimpleNamespace, monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(uuid: str) -> Card:
        raise NoCard("nvidia-smi does not list GPU-1 any more")

    monkeypatch.setattr(site, "card_with", gone)
    with ExitStack() as turn, pytest.raises(NotRunHere, match="does not list GPU-1 any more"):
        Turns(rehearsal=False).take(turn, lambda uuid: Worker(WORKS))


def test_a_rehearsal_waits_for_nobody(machine: SimpleNamespace) -> None:
    with ExitStack() as turn:
        taken = Turns(rehearsal=True).take(turn, lambda uuid: Worker(WORKS))
    assert (taken.device, taken.rehearsal, taken.memory_bytes, machine.log) == ("cpu", True, None, [])


def test_the_time_of_a_test_does_not_run_while_it_waits() -> None:
    item: Any = SimpleNamespace(stash=pytest.Stash())
    before = signal.setitimer(signal.ITIMER_REAL, 500)
    try:
        item.stash[backstop_key] = 500.0
        with Judge._in_line(None, item):  # type: ignore[arg-type]
            assert signal.getitimer(signal.ITIMER_REAL)[0] == 0
        assert 400 < signal.getitimer(signal.ITIMER_REAL)[0] <= 500
    finally:
        signal.setitimer(signal.ITIMER_REAL, *before)

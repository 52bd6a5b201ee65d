"""From asking for a worker to its first answer. Goal: a median of 20 ms on a quiet machine, every layer of
confinement included."""

from __future__ import annotations

import statistics
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from grader.launch import Allowance, Plan, Worker, Zygote, call_id
from grader.worker import messages

pytestmark = [pytest.mark.slow, pytest.mark.timeout(600)]
ROUNDS = 60
CODE = "import torch\ndef same(x): return x\n"


@pytest.fixture(scope="module")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    launcher = Zygote(tmp_path_factory.mktemp("zygote"), sandbox=True)
    launcher.wait_ready()
    yield launcher
    launcher.close()


@pytest.mark.parametrize("confined", [False, True], ids=["process", "sandbox"])
@pytest.mark.parametrize("by_hand", [False, True], ids=["plain", "by_hand"])
def test_fork_to_first_answer(
    benchmark: Any, say: Callable[[str], None], zygote: Zygote, tmp_path: Path, by_hand: bool, confined: bool
) -> None:
    (tmp_path / "m.py").write_text(CODE)
    plan = Plan(tmp_path, {"m": "m.py"}, {}, 1, by_hand=by_hand, confined=confined)
    workers: list[Worker] = []

    def first_answer() -> None:
        worker = zygote.start(plan)
        workers.append(worker)
        worker.request(messages.Load(call_id(), "m"), [], Allowance())
        worker.request(messages.Call(call_id(), "m", "same", [1], [], []), [], Allowance())

    def end() -> None:
        workers.pop().close()

    benchmark.pedantic(first_answer, teardown=end, rounds=ROUNDS, warmup_rounds=3)
    times = [1e3 * seconds for seconds in benchmark.stats.stats.data]
    kind = "by hand" if by_hand else "plain"
    middle, least = statistics.median(times), min(times)
    level = f"sandbox ({', '.join(zygote.offer.layers)})" if confined else "process"
    say(f"fork to first answer, {kind}, {level}: median {middle:.1f} ms, least {least:.1f} (goal 20)")

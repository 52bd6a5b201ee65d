"""What our own solutions have answered: given again as it was, for as much of the allowance, and never mixed
up."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from processes import SECONDS, Served

from grader.allowance import INTERVAL, Allowance, TookTooLong
from grader.connection import Died, Plan, Worker
from grader.launch import Zygote, call_id
from grader.remembered import Memory
from grader.subject import Subject
from grader.worker import codec, messages

CODE = """
import torch
asked = []
held = []
def note(x):
    asked.append(x)
    return list(asked)
def twice(x):
    return 2 * x
def refuse(x):
    raise ValueError("no " + "x" * x)
def grow(size):
    held.append(bytearray(b"1") * size)
    return len(held)
"""


class Answering(Worker):
    """Answers a call with how many it has had, and computes for as long as the call's first word says."""

    guarded = True
    clock: dict[int, float]  # computing time of each, as the system would tell it

    def __init__(self, plan: Plan, number: int, clock: dict[int, float]) -> None:
        self.plan, self.root, self.clock = plan, number, clock
        self.layers = ["rlimits"]
        self.alive = True
        self.asked: list[tuple[messages.Request, list[bytes]]] = []
        self._read_cpu = (None, 0.0, 0.0)
        self.clock[number] = 0.5  # its own start

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        if not self.alive:
            raise Died(None)
        assert isinstance(message, messages.Call)
        self.asked.append((message, [bytes(buffer) for buffer in buffers]))
        self.clock[self.root] += float(message.name)
        if float(message.name) >= INTERVAL:  # a short question is over before its computing is read
            self.charge(allowance)
        try:
            allowance.check()
        except TookTooLong:
            self.close()
            raise
        return messages.Answer(message.id, len(self.asked)), bytearray(b"%d" % len(self.asked))

    def new_output(self) -> str:
        return "printed"

    def pristine(self) -> bool:
        return not self.asked

    def close(self) -> None:
        self.alive = False


class Ours:
    """Workers on one folder, remembering and not, and what they were asked."""

    def __init__(self, folder: Path, memory: Memory) -> None:
        self.memory = memory
        self.clock: dict[int, float] = {}
        self.started: list[Answering] = []
        self.plan = Plan(folder, {"m": "m.py"}, {}, 1)

    def start(self, plan: Plan) -> Worker:
        self.started.append(Answering(plan, 1 + len(self.started), self.clock))
        return self.started[-1]

    def worker(self, **changed: Any) -> Worker:
        return self.memory.starting(self.start)(replace(self.plan, **changed))


@pytest.fixture
def ours(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Ours:
    (tmp_path / "m.py").write_text("x = 1\n")
    made = Ours(tmp_path, Memory())
    monkeypatch.setattr("grader.connection.tree_cpu_seconds", made.clock.__getitem__)
    return made


def ask(
    worker: Worker, seconds: float, *arrays: bytes, allowance: Allowance | None = None
) -> tuple[int, bytes, float]:
    """The answer, its arrays, and what they cost."""
    allowance = allowance or Allowance(100.0)
    before = allowance.spent
    message = messages.Call(call_id(), "m", str(seconds), [], [], [])
    reply, buffer = worker.request(message, [memoryview(array) for array in arrays], allowance)
    assert isinstance(reply, messages.Answer)
    assert reply.id == message.id
    assert isinstance(reply.value, int)
    return reply.value, bytes(buffer), allowance.spent - before


def test_an_answer_is_given_again_without_a_worker_and_costs_as_much(ours: Ours) -> None:
    first = ours.worker()
    answers = [ask(first, 2.0), ask(first, 3.0, b"abc")]
    assert answers == [(1, b"1", 2.0), (2, b"2", 3.0)]
    again = ours.worker()
    assert [ask(again, 2.0), ask(again, 3.0, b"abc")] == answers
    assert len(ours.started) == 1
    assert (ours.memory.hits, ours.memory.misses) == (2, 2)
    assert (again.alive, again.layers, again.new_output(), again.pristine()) == (True, [], "", True)
    again.charge(untouched := Allowance())
    assert untouched.spent == 0.0


def test_one_account_for_the_same_questions_adds_up_the_same(ours: Ours) -> None:
    spent = []
    for _ in range(3):
        allowance, worker = Allowance(100.0), ours.worker()
        for seconds in (0.1, 2.0, 0.1):
            ask(worker, seconds, allowance=allowance)
        spent.append(allowance.spent)
    assert spent == [pytest.approx(2.2)] * 3


def test_what_overran_is_not_kept(ours: Ours) -> None:
    for number in (1, 2):
        worker = ours.worker()
        with pytest.raises(TookTooLong):
            ask(worker, 5.0, allowance=Allowance(4.0))
        assert len(ours.started) == number
        assert not worker.alive
    assert ask(ours.worker(), 5.0) == (1, b"1", 5.0)


def test_a_remembered_answer_overruns_an_allowance_that_is_too_small_for_it(ours: Ours) -> None:
    ask(ours.worker(), 5.0)
    worker = ours.worker()
    with pytest.raises(TookTooLong, match="4 s of computing time"):
        ask(worker, 5.0, allowance=Allowance(4.0))
    assert not worker.alive
    with pytest.raises(Died):  # as of a worker that was ended for it
        ask(worker, 1.0)
    assert len(ours.started) == 1


def test_a_new_question_is_asked_of_a_worker_that_has_been_asked_the_others(ours: Ours) -> None:
    first = ours.worker()
    ask(first, 2.0, b"abc")
    ask(first, 0.1)
    second, allowance = ours.worker(), Allowance(100.0)
    ask(second, 2.0, b"abc", allowance=allowance)
    ask(second, 0.1, allowance=allowance)
    assert ask(second, 1.0, b"d", b"e", allowance=allowance)[:2] == (3, b"3")
    (one, two) = ours.started
    names = [(message.name, arrays) for message, arrays in two.asked if isinstance(message, messages.Call)]
    assert names == [("2.0", [b"abc"]), ("0.1", []), ("1.0", [b"d", b"e"])]
    assert len(one.asked) == 2
    assert allowance.spent == pytest.approx(3.1)  # nothing for asking again, nor for the start
    assert second.layers == ["rlimits"]
    third = ours.worker()
    assert [ask(third, 2.0, b"abc"), ask(third, 0.1), ask(third, 1.0, b"d", b"e")][2] == (3, b"3", 1.0)
    assert len(ours.started) == 2


def test_short_questions_are_not_paid_twice_either(ours: Ours) -> None:
    first = ours.worker()
    for _ in range(3):
        ask(first, 0.125)
    second, allowance = ours.worker(), Allowance(100.0)
    for seconds in (0.125, 0.125, 0.125, 1.0):
        ask(second, seconds, allowance=allowance)
    assert len(ours.started) == 2
    assert allowance.spent == pytest.approx(1.375)


def test_the_same_question_after_others_is_another(ours: Ours) -> None:
    first = ours.worker()
    assert [ask(first, 1.0)[0], ask(first, 1.0)[0]] == [1, 2]
    second = ours.worker()
    ask(second, 2.0)
    assert ask(second, 1.0)[0] == 2
    third = ours.worker()
    assert [ask(third, 1.0)[0], ask(third, 1.0)[0]] == [1, 2]
    assert len(ours.started) == 2


@pytest.mark.parametrize("split", [(b"ab", b"c"), (b"a", b"bc"), (b"abc",), (b"abc", b""), (b"abd", b"")])
def test_arrays_are_told_apart_where_they_end(ours: Ours, split: tuple[bytes, ...]) -> None:
    ask(ours.worker(), 1.0, b"", b"abc")
    ask(ours.worker(), 1.0, *split)
    assert ours.memory.hits == 0


@pytest.mark.parametrize(
    "changed",
    [
        {"seed": 2},
        {"by_hand": True},
        {"confined": True},
        {"loopback": True},
        {"apart": True},
        {"answer_bytes": 1},
        {"memory_bytes": 1},
        {"file_bytes": 1},
        {"output_bytes": 1},
        {"problems": {"n": "missing"}},
        {"modules": {"m": "m.py", "n": "m.py"}},
    ],
    ids=lambda changed: next(iter(changed)),
)
def test_another_plan_has_other_answers(ours: Ours, changed: dict[str, Any]) -> None:
    ask(ours.worker(), 1.0)
    ask(ours.worker(**changed), 1.0)
    assert len(ours.started) == 2
    ask(ours.worker(**changed), 1.0)
    assert len(ours.started) == 2


def test_files_count_by_what_is_in_them_and_not_by_where_they_lie(ours: Ours, tmp_path: Path) -> None:
    ask(ours.worker(), 1.0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "m.py").write_text("x = 1\n")
    ask(ours.worker(folder=elsewhere), 1.0)
    assert len(ours.started) == 1
    (elsewhere / "m.py").write_text("x = 2\n")
    ask(ours.worker(folder=elsewhere), 1.0)
    assert len(ours.started) == 2


def test_a_worker_that_died_or_was_closed_answers_no_more(ours: Ours) -> None:
    ask(ours.worker(), 1.0)
    worker = ours.worker()
    ask(worker, 1.0)
    worker.close()
    with pytest.raises(Died):
        ask(worker, 1.0)
    worker = ours.worker()
    ask(worker, 2.0)
    ours.started[-1].close()
    assert not worker.alive
    with pytest.raises(Died):
        ask(worker, 1.0)
    with pytest.raises(Died):
        ask(worker, 1.0)


def test_past_the_limit_the_oldest_is_forgotten(ours: Ours) -> None:
    ours.memory.limit = 3200  # three answers, each with a KiB for its place
    for seconds in (1.0, 2.0, 3.0):
        ask(ours.worker(), seconds)
    ask(ours.worker(), 1.0)  # asked for again: not the oldest any more
    ask(ours.worker(), 4.0)
    assert len(ours.started) == 4
    for seconds in (1.0, 3.0, 4.0):
        ask(ours.worker(), seconds)
    assert len(ours.started) == 4
    ask(ours.worker(), 2.0)
    assert len(ours.started) == 5


def test_an_answer_kept_a_second_time_counts_once(ours: Ours) -> None:
    """Where an earlier answer was forgotten, the worker that is started answers what is still here again."""
    ours.memory.limit = 2200
    for _ in range(5):
        worker = ours.worker()
        ask(worker, 1.0)
        ask(worker, 2.0)
        other = ours.worker()
        ask(other, 3.0)  # forgets the first of the two
    assert ours.memory._bytes <= ours.memory.limit
    assert ours.memory._bytes == sum(kept.size for kept in ours.memory._kept.values())


def test_a_long_list_weighs_what_it_takes(ours: Ours, monkeypatch: pytest.MonkeyPatch) -> None:
    """Numbers in a reply's header count as those of an array do."""
    ours.memory.limit = 64 << 10

    def long(*_: object) -> tuple[messages.Reply, bytearray]:
        return messages.Answer(0, codec.List([float(number) for number in range(2000)])), bytearray()

    monkeypatch.setattr(Answering, "request", long)
    allowance = Allowance()
    for number in range(9):
        message = messages.Call(call_id(), "m", str(number), [], [], [])
        ours.worker().request(message, [], allowance)
    assert 2 <= len(ours.memory._kept) <= 4  # of 18 KB each


# -- on workers that run


@pytest.fixture
def code(tmp_path: Path) -> Plan:
    home = tmp_path / "code"
    home.mkdir()
    (home / "m.py").write_text(CODE)
    return Plan(home, {"m": "m.py"}, {}, 1)


@pytest.fixture
def remembering(zygote: Zygote, code: Plan) -> Any:
    """Starts remembering workers of one memory; they end with the test."""
    memory, started = Memory(), []

    def start() -> Served:
        started.append(memory.starting(zygote.start)(code))
        return Served(started[-1])

    yield start
    for worker in started:
        worker.close()


def test_values_and_exceptions_come_back_as_they_were(remembering: Callable[[], Served]) -> None:
    x = np.arange(6, dtype=np.float32).reshape(2, 3)
    rounds = []
    for _ in range(2):
        served = remembering()
        got, nested = served.twice(x), served.note({"a": (1.5, None, [True, "b"])})
        raised = served.reply("refuse", 3)
        rounds.append((got.tolist(), str(got.dtype), nested, raised.types, raised.message, raised.line))
    assert rounds[0] == rounds[1]
    assert rounds[0][0] == [[0, 2, 4], [6, 8, 10]]
    assert served.worker._real is None


def test_state_is_what_it_would_be(remembering: Callable[[], Served]) -> None:
    """A process that was spared two questions has been asked them when a third one is new."""
    first = remembering()
    assert [first.note(1), first.note(2)] == [[1], [1, 2]]
    second = remembering()
    assert [second.note(1), second.note(2), second.note(3)] == [[1], [1, 2], [1, 2, 3]]
    other = remembering()
    assert [other.note(1), other.note(7)] == [[1], [1, 7]]


def test_an_answer_handed_out_is_nobody_elses(remembering: Callable[[], Served]) -> None:
    x = np.ones(3, dtype=np.float32)
    remembering().twice(x)
    first = remembering().twice(x)
    first[:] = 0
    assert remembering().twice(x).tolist() == [2, 2, 2]


def test_peak_memory_is_that_of_a_process(zygote: Zygote, code: Plan) -> None:
    """Remembered or not: the process whose memory is asked for has been asked the questions."""
    memory, size, peaks = Memory(), 60 << 20, []
    for remembered in (False, True, True):
        worker = (memory.starting(zygote.start) if remembered else zygote.start)(code)
        subject = Subject(
            role="reference",
            connect=lambda worker=worker: worker,
            interface={},
            question="",
            questions=frozenset(),
            allowance=Allowance(SECONDS, SECONDS),
            module="m",
        )
        subject._connection = worker
        served = Served(worker)
        before = subject.peak_memory()
        served.grow(size)
        after = subject.peak_memory()
        assert before is not None
        assert after is not None
        peaks.append(after - before)
        worker.close()
    assert all(size * 0.95 < peak < size * 1.2 for peak in peaks), peaks


def test_memory_asked_for_after_a_remembered_answer(remembering: Callable[[], Served]) -> None:
    remembering().grow(60 << 20)
    served = remembering()
    served.grow(60 << 20)
    assert served.worker._real is None
    assert served.worker.root > 0
    assert served.worker.guarded
    assert served.grow(1) == 2

"""How the judge waits for a worker: never longer than allowed, whatever comes, and without torch itself."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import psutil
import pytest
from processes import alive

from grader import allowance, connection, forked, interpreter
from grader.allowance import Allowance, TookTooLong, tree_cpu_seconds
from grader.connection import Died, Plan, Worker, call_id
from grader.faults import GraderFault
from grader.forked import GuardedWorker
from grader.worker import messages, wire

pytestmark = pytest.mark.timeout(120)
ROOT = Path(__file__).parents[1]


class Stranger(Worker):
    """A worker whose other end is the test's."""

    ended = 0

    def _end(self) -> None:
        self.ended += 1


@pytest.fixture
def peer(tmp_path: Path) -> Iterator[tuple[Stranger, socket.socket, int]]:
    """A worker as the judge holds it, the other end of its connection, and of its output."""
    ours, theirs = socket.socketpair()
    output, printing = os.pipe()
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    worker = Stranger(Plan(tmp_path, {}, {}, 1, output_bytes=100), ours, output, scratch)
    yield worker, theirs, printing
    worker.close()
    theirs.close()
    os.close(printing)


def inspect() -> messages.Inspect:
    return messages.Inspect(call_id())


def frame(message: Any, buffer: bytes = b"") -> bytes:
    """A message as it stands on the wire."""
    header = msgspec.msgpack.encode(message)
    return wire.PREFIX.pack(len(header), len(buffer)) + header + buffer


def short() -> Allowance:
    return Allowance(None, 0.2)


# -- allowances


def test_a_timeout_is_that_much_computing_and_four_times_that_much_waiting() -> None:
    allowance = Allowance.of_timeout(5.0)
    assert (allowance.cpu_seconds, allowance.wall_seconds) == (5.0, 20.0)
    unlimited = Allowance.of_timeout(None)
    assert (unlimited.cpu_seconds, unlimited.wall_seconds) == (None, None)


def test_an_allowance_is_spent_by_computing_or_by_waiting() -> None:
    Allowance(1.0, 100.0, spent=1.0).check()
    with pytest.raises(TookTooLong, match="1 s of computing time"):
        Allowance(1.0, 100.0, spent=1.01).check()
    with pytest.raises(TookTooLong, match=r"0\.5 s of waiting time") as late:
        Allowance(1.0, 0.5, started=time.monotonic() - 1).check()
    assert (late.value.resource, late.value.limit) == ("waiting time", 0.5)
    Allowance(None, None, spent=1e9, started=0.0).check()


def test_what_remains_is_at_most_one_interval_and_never_negative() -> None:
    now = time.monotonic()
    assert Allowance(None, None).remaining() == 0.25
    assert Allowance(None, 100.0, started=now).remaining() == 0.25
    assert 0 < Allowance(None, 0.2, started=now).remaining() <= 0.2
    assert Allowance(None, 1.0, started=now - 5).remaining() == 0.0


def test_two_allowances_are_never_one() -> None:
    assert Allowance(1.0, 1.0, 0.0, 0.0) != Allowance(1.0, 1.0, 0.0, 0.0)


def test_the_computing_time_of_a_tree_counts_its_children_dead_or_alive() -> None:
    burn = "import time\nwhile time.process_time() < 0.4: pass\n"
    child = f"import subprocess, sys\nsubprocess.run([sys.executable, '-c', {burn!r}])\n{burn}time.sleep(100)"
    with subprocess.Popen([sys.executable, "-c", child]) as process:
        stop = time.monotonic() + 30
        while (spent := tree_cpu_seconds(process.pid)) < 0.7 and time.monotonic() < stop:
            time.sleep(0.05)
        process.kill()
    assert spent >= 0.7
    assert tree_cpu_seconds(process.pid) == 0.0


@pytest.fixture
def tree() -> Iterator[int]:
    """A process with children of its own, of another thread and of a child, all idle after some computing."""
    burn = "sum(i * i for i in range(2_000_000))"
    child = f"import os, time; {burn}; os.write(1, b'x'); time.sleep(1000)"
    code = (
        "import subprocess, sys, threading\n"
        f"def start(): subprocess.Popen([sys.executable, '-c', {child!r}])\n"
        f"{burn}\n"
        "start()\n"
        "other = threading.Thread(target=lambda: (start(), threading.Event().wait()), daemon=True)\n"
        "other.start()\n"
        "threading.Event().wait()\n"
    )
    parent = f"import subprocess, sys; subprocess.run([sys.executable, '-c', {code!r}])"
    with subprocess.Popen([sys.executable, "-c", parent], stdout=subprocess.PIPE) as process:
        try:
            assert process.stdout is not None
            assert process.stdout.read(2) == b"xx"
            yield process.pid
        finally:
            for member in [*psutil.Process(process.pid).children(recursive=True), process]:
                member.kill()


def test_a_tree_is_found_by_lists_of_children_as_by_a_search(tree: int) -> None:
    """Whichever thread started whom."""
    listed, searched = allowance._listed_cpu_seconds(tree), allowance._searched_cpu_seconds(tree)
    assert listed > 0.1
    assert listed == pytest.approx(searched, abs=0.1)


@pytest.mark.parametrize("lists", [True, False], ids=["not for everybody", "not in this kernel"])
def test_where_no_children_are_listed_they_are_searched(
    tree: int, lists: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(root: int) -> float:
        raise PermissionError

    monkeypatch.setattr(allowance, "_lists_children", lambda: lists)
    monkeypatch.setattr(allowance, "_listed_cpu_seconds", refused)
    assert tree_cpu_seconds(tree) > 0.1


def test_what_was_missed_once_is_not_paid_for_twice(
    peer: tuple[Stranger, socket.socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that was just ending, when the tree was read, is in its parent's account the next time."""
    worker, *_ = peer
    readings = iter([1.0, 0.4, 1.5])
    monkeypatch.setattr("grader.connection.tree_cpu_seconds", lambda root: next(readings))
    paid = Allowance()
    for spent in (1.0, 1.0, 1.5):
        worker.charge(paid)
        assert paid.spent == spent


# -- a peer that does not do its part


def test_a_peer_that_never_answers(peer: tuple[Stranger, socket.socket, int]) -> None:
    worker, _, _ = peer
    with pytest.raises(TookTooLong, match="waiting time"):
        worker.request(inspect(), [], short())
    assert (worker.alive, worker.ended) == (False, 1)


def test_a_peer_that_never_reads(peer: tuple[Stranger, socket.socket, int]) -> None:
    """The judge's own sending is under the deadline too."""
    worker, _, _ = peer
    started = time.monotonic()
    with pytest.raises(TookTooLong, match="waiting time"):
        worker.request(inspect(), [memoryview(bytes(64 << 20))], short())
    assert time.monotonic() - started < 5


def test_a_peer_that_answers_before_it_is_asked_is_not_believed(
    peer: tuple[Stranger, socket.socket, int],
) -> None:
    worker, theirs, _ = peer
    theirs.send(frame(messages.Answer(1, "forged")))
    with pytest.raises(wire.WireError, match="a call that was not made"):
        worker.request(inspect(), [], short())


@pytest.mark.parametrize("data", [b"", b"\x05\x00", frame(messages.Answer(1, "x"))[:-1]])
def test_a_peer_that_hangs_up(peer: tuple[Stranger, socket.socket, int], data: bytes) -> None:
    worker, theirs, _ = peer
    theirs.send(data)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(Died) as died:
        worker.request(inspect(), [], short())
    assert died.value.status is None
    with pytest.raises(Died):
        worker.request(inspect(), [], short())


def answer_with(theirs: socket.socket, make: Any) -> threading.Thread:
    """Reads one request and answers it."""

    def work() -> None:
        theirs.settimeout(20)
        size, _ = wire.PREFIX.unpack(theirs.recv(wire.PREFIX.size))
        theirs.sendall(make(msgspec.msgpack.decode(theirs.recv(size))["id"]))

    thread = threading.Thread(target=work)
    thread.start()
    return thread


def test_a_peer_that_does_its_part(peer: tuple[Stranger, socket.socket, int]) -> None:
    worker, theirs, _ = peer
    thread = answer_with(theirs, lambda number: frame(messages.Answer(number, True), b"bytes"))
    reply, buffer = worker.request(inspect(), [], Allowance(None, 20))
    thread.join()
    assert (reply.value, buffer) == (True, b"bytes")
    assert worker.alive


def test_an_answer_over_the_plans_limit_is_refused(peer: tuple[Stranger, socket.socket, int]) -> None:
    worker, theirs, _ = peer
    thread = answer_with(theirs, lambda number: wire.PREFIX.pack(10, worker.plan.answer_bytes + 1))
    with pytest.raises(wire.WireError, match="announced"):
        worker.request(inspect(), [], Allowance(None, 20))
    thread.join()
    assert not worker.alive


@pytest.mark.parametrize("size", [{"header": True}, {"header": False}])
def test_a_request_that_no_frame_takes_is_the_graders_fault(
    peer: tuple[Stranger, socket.socket, int], monkeypatch: pytest.MonkeyPatch, size: dict[str, bool]
) -> None:
    worker, _, _ = peer
    monkeypatch.setattr(wire, "BUFFER_CEILING", 1000)
    many = messages.Call(1, "m", "f", ["x" * 100] * 4000, [], []) if size["header"] else inspect()
    with pytest.raises(GraderFault, match="more than a frame takes"):
        worker.request(many, [memoryview(bytes(1001))], short())
    assert worker.alive


def test_the_numbers_of_calls_are_not_to_be_foreseen() -> None:
    numbers = {call_id() for _ in range(1000)}
    assert len(numbers) == 1000
    assert max(numbers) > 2**58
    assert all(0 <= number < 2**63 for number in numbers)


# -- a worker that does not start


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (b"", "Closed"),
        (frame({"type": "started", "pid": 1}), "WireError"),
        (frame(messages.Ready([]), b"more"), "WireError"),
        (wire.PREFIX.pack(1 << 30, 0), "WireError"),
    ],
)
def test_a_worker_that_does_not_greet_is_the_graders_fault(
    peer: tuple[Stranger, socket.socket, int], data: bytes, words: str
) -> None:
    worker, theirs, printing = peer
    os.write(printing, b"its last words")
    theirs.send(data)
    theirs.shutdown(socket.SHUT_WR)
    with pytest.raises(GraderFault, match=rf"did not start \({words}\): its last words"):
        worker.greet()
    assert not worker.alive


def test_a_worker_that_greets_too_late_is_the_graders_fault(
    peer: tuple[Stranger, socket.socket, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "READY_SECONDS", 0.1)
    with pytest.raises(GraderFault, match=r"did not start \(TookTooLong\)"):
        peer[0].greet()


def test_a_worker_that_greets_says_its_layers(peer: tuple[Stranger, socket.socket, int]) -> None:
    worker, theirs, _ = peer
    theirs.send(frame(messages.Ready(["one", "two"])))
    worker.greet()
    assert worker.layers == ["one", "two"]


# -- output


def test_output_is_read_while_the_judge_waits_and_its_size_is_bounded(
    peer: tuple[Stranger, socket.socket, int],
) -> None:
    worker, _, printing = peer
    os.write(printing, b"\xff" + b"x" * 1000)
    with pytest.raises(TookTooLong):
        worker.request(inspect(), [], short())
    assert worker.output() == "\\xff" + "x" * 99 + "\n[901 more bytes]"


def test_output_without_end_does_not_keep_the_judge(peer: tuple[Stranger, socket.socket, int]) -> None:
    worker, _, printing = peer
    stop = threading.Event()

    def chatter() -> None:
        while not stop.is_set():
            try:
                os.write(printing, b"x" * 65536)
            except OSError:  # full, or closed
                time.sleep(0.001)

    os.set_blocking(printing, False)
    thread = threading.Thread(target=chatter)
    thread.start()
    try:
        with pytest.raises(TookTooLong):
            worker.request(inspect(), [], short())
    finally:
        stop.set()
        thread.join()


# -- the end


def guarded(tmp_path: Path, root: int, sweep: Any = None) -> tuple[GuardedWorker, socket.socket]:
    """A worker under a guard that is the test's."""
    ours, _ = socket.socketpair()
    control, guard = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    output, printing = os.pipe()
    os.close(printing)
    worker = GuardedWorker(Plan(tmp_path, {}, {}, 1), ours, output, tmp_path / "scratch", control, sweep)
    worker.root = worker.guard = root
    return worker, guard


def test_a_guard_that_does_not_answer_is_killed_with_all_below_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(forked, "CLOSE_SECONDS", 0.1)
    with subprocess.Popen(["/bin/sh", "-c", "sleep 100; :"]) as process:
        while not psutil.Process(process.pid).children():
            time.sleep(0.01)
        below = psutil.Process(process.pid).children()[0].pid
        worker, guard = guarded(tmp_path, process.pid)
        worker.close()
        guard.close()
        assert not alive(process.pid)
        assert not alive(below)


def test_a_guard_that_is_gone_is_reported_for_a_sweep(tmp_path: Path) -> None:
    swept: list[int] = []
    worker, guard = guarded(tmp_path, 1234, swept.append)
    guard.close()
    worker.close()
    assert swept == [1234]


def test_a_sweep_that_fails_too_is_no_news(tmp_path: Path) -> None:
    def fails(guard: int) -> None:
        raise GraderFault("the zygote does not answer")

    worker, guard = guarded(tmp_path, 1234, fails)
    guard.close()
    worker.close()
    assert not worker.alive


def test_how_a_worker_ended_is_what_its_guard_says(tmp_path: Path) -> None:
    worker, guard = guarded(tmp_path, 1234)
    guard.send(msgspec.msgpack.encode(messages.Started(7)))
    guard.send(msgspec.msgpack.encode(messages.Exited(-9)))
    thread = threading.Thread(target=lambda: (guard.recv(16), guard.close()))  # when it is told to end
    thread.start()
    with pytest.raises(Died) as died:
        worker.request(inspect(), [], Allowance(None, 20))
    thread.join()
    assert died.value.status == -9


def test_a_process_that_is_not_there_needs_no_killing() -> None:
    interpreter.kill_tree(2**22 + 1)


# -- the judge


WATCHER = """
import sys
def pytest_unconfigure(config):
    print("torch in the judge:", "torch" in sys.modules)
"""


@pytest.mark.parametrize(
    "arguments",
    [["p1/test_public_optimizer_choice.py"], ["p1", "p5", "--collect-only"]],
    ids=["graded", "collected"],
)
def test_the_judge_never_imports_torch(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "watcher.py").write_text(WATCHER)
    line = [sys.executable, "-m", "pytest", *arguments, "-q", "-p", "watcher", "-p", "no:cacheprovider"]
    line += ["--submission", str(ROOT / "reference")]
    done = subprocess.run(
        line,
        env={**os.environ, "PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
        cwd=ROOT / "assignments",
    )
    assert done.returncode == 0, done.stdout
    assert "torch in the judge: False" in done.stdout

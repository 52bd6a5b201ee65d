"""Processes that the kernel kills: a worker, its child, its guard; the other questions do not notice."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import faults
import psutil
import pytest
import support
from processes import Served, gone

from grader.launch import Died
from grader.worker import messages

pytestmark = pytest.mark.timeout(300)
Serve = Callable[..., Served]

MEMORY = """
import os, torch

def take(megabytes):
    return torch.ones(megabytes << 18).sum().item()

def child_takes(megabytes):
    \"\"\"The exit status of a child that takes memory.\"\"\"
    pid = os.fork()
    if pid == 0:
        try:
            bytearray(megabytes << 20)
        except MemoryError:
            os._exit(7)
        os._exit(0)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def child_is_killed():
    \"\"\"What the kernel does to the largest process, which may be a child.\"\"\"
    pid = os.fork()
    if pid == 0:
        os.kill(os.getpid(), 9)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])

def pid():
    return os.getpid()
"""


def test_a_worker_that_takes_too_much_is_told_so_and_lives(serve: Serve) -> None:
    served = serve(MEMORY, memory_bytes=1 << 30)
    said = served.reply("take", 4096)
    assert isinstance(said, messages.Raised)
    assert said.types[0] == "RuntimeError"
    assert "memory" in said.message
    assert served.take(1) == 1 << 18


def test_a_workers_child_has_the_same_limit(serve: Serve) -> None:
    served = serve(MEMORY, memory_bytes=1 << 30)
    assert served.child_takes(4096) == 7
    assert served.child_takes(1) == 0


def test_a_child_that_the_kernel_kills_costs_the_worker_nothing(serve: Serve) -> None:
    served = serve(MEMORY)
    assert served.child_is_killed() == -9
    assert served.take(1) == 1 << 18


def test_a_worker_that_the_kernel_kills_says_by_which_signal(serve: Serve) -> None:
    served = serve(MEMORY)
    bystander = serve(MEMORY)
    pid = psutil.Process(served.worker.root).children()[0].pid
    os.kill(pid, 9)
    assert gone([pid])
    with pytest.raises(Died) as died:
        served.pid()
    assert died.value.status == -9
    assert bystander.take(1) == 1 << 18


KILLS = """
import os, psutil, time
import grader.connection as connection

ask = connection.Worker.request
calls = 0

def ended(process):
    try:
        return process.status() == psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return True

def request(self, message, buffers, allowance):
    global calls
    calls += type(message).__name__ == "Call"
    if calls == 5 and type(message).__name__ == "Call":
        guard = psutil.Process(self.root)
        worker = [*guard.children(recursive=True), guard][0]
        {"worker": worker, "guard": guard}[os.environ["WHO"]].kill()
        stop = time.monotonic() + 20
        while not ended(worker) and time.monotonic() < stop:
            time.sleep(0.01)
    return ask(self, message, buffers, allowance)

connection.Worker.request = request
"""


@pytest.mark.parametrize(
    ("who", "words"),
    [
        ("worker", "was killed in half (signal 9, perhaps for want of memory)"),
        pytest.param("guard", "ended in half", marks=pytest.mark.slow),
    ],
)
def test_a_kill_in_the_middle_of_a_call_is_said_and_is_that_tests_alone(
    tmp_path: Path, who: str, words: str
) -> None:
    run = faults.grade(tmp_path, "--isolation", "process", plugin=KILLS, extra={"WHO": who})
    hit = "test_half_of_random_numbers"
    assert faults.outcomes(run.results) == faults.FINE | {hit: "submission_error"}, run.said
    assert words in run.test(hit)["message"]
    assert run.results["score"] == 50  # the figures of half pay only beside its random cases
    assert (run.status, run.results["complete"]) == (support.FAILED, True)
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []

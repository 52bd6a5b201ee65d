"""Nothing that a submission starts outlives its worker: whatever it detaches, whomever it kills."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent

import psutil
import pytest
from processes import Served, alive, gone

from grader.launch import Allowance, Died, TookTooLong
from grader.worker import guard

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]
ROOT = Path(__file__).parents[1]

# What a submission may do to get away from its worker.
DETACHED = """
import os, signal, time

def detach(burn=False):
    \"\"\"A grandchild in a session of its own, whose parent is gone; its pid.\"\"\"
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            signal.signal(signal.SIGTERM, signal.SIG_IGN)
            signal.signal(signal.SIGHUP, signal.SIG_IGN)
            os.write(theirs, str(os.getpid()).encode())
            while True:
                burn or time.sleep(100)
        os._exit(0)
    os.wait()
    return int(os.read(ours, 20))

def detach_and_die(how):
    pid = detach()
    print(pid)
    how()

def leave(): detach_and_die(lambda: os._exit(0))
def crash(): detach_and_die(lambda: os.kill(os.getpid(), signal.SIGSEGV))
def kill_guard(): detach_and_die(lambda: (os.kill(os.getppid(), signal.SIGKILL), time.sleep(100)))
def kill_group(): detach_and_die(lambda: os.killpg(0, signal.SIGKILL))
def loop(): detach_and_die(lambda: time.sleep(1000))
def burn(): return detach(True), time.sleep(1000)

def many(n):
    pids = []
    for _ in range(n):
        pid = os.fork()
        if pid == 0:
            os.setsid()
            while True:
                time.sleep(100)
        pids.append(pid)
    return pids

def relay():
    \"\"\"Each process starts the next and ends, so that there is never one to wait for.\"\"\"
    for _ in range(3):
        if os.fork() == 0:
            while True:
                if os.fork():
                    os._exit(0)
    return os.getppid()
"""


def below(folder: str) -> list[int]:
    """Processes that work in a folder, removed or not."""
    found = []
    for process in psutil.process_iter():
        with contextlib.suppress(psutil.Error):
            if process.cwd().startswith(folder):
                found.append(process.pid)
    return found


# -- a worker and what it leaves


def test_a_detached_grandchild_ends_with_the_worker(serve: Serve) -> None:
    served = serve(DETACHED)
    pid = served.detach()
    assert alive(pid)
    served.worker.close()
    assert not alive(pid)


@pytest.mark.parametrize("how", ["leave", "crash", "kill_guard", "kill_group"])
def test_it_ends_also_when_the_worker_ended_before(serve: Serve, how: str) -> None:
    served = serve(DETACHED)
    with pytest.raises(Died) as died:
        served.reply(how)
    assert died.value.status == {"leave": 0, "crash": -11, "kill_guard": None, "kill_group": -9}[how]
    assert gone([int(served.worker.output())], seconds=0.0)


def test_it_ends_also_when_the_worker_is_stopped(serve: Serve) -> None:
    served = serve(DETACHED)
    with pytest.raises(TookTooLong, match="waiting time"):
        served.reply("loop", allowance=Allowance(10, 0.5))
    assert gone([int(served.worker.output())], seconds=0.0)


def test_what_a_detached_process_computes_is_on_the_tests_account(serve: Serve) -> None:
    served = serve(DETACHED)
    with pytest.raises(TookTooLong, match="computing time"):
        served.reply("burn", allowance=Allowance(0.5, 60))


def test_a_hundred_children_end_with_the_worker(serve: Serve) -> None:
    served = serve(DETACHED)
    pids = served.many(100)
    served.worker.close()
    assert not any(map(alive, pids))


def test_processes_that_hand_over_to_one_another_end_with_the_worker(serve: Serve) -> None:
    served = serve(DETACHED)
    keeper = served.relay()
    time.sleep(0.1)
    scratch = str(served.worker.scratch)
    assert below(scratch)
    served.worker.close()
    assert gone([keeper])
    assert not below(scratch)


def test_ending_a_worker_as_usual_is_no_matter_for_the_zygote(serve: Serve) -> None:
    swept: list[int] = []
    for name in ("detach", "leave"):
        served = serve(DETACHED)
        served.worker._sweep = swept.append
        with contextlib.suppress(Died):
            served.reply(name)
        served.worker.close()
    assert swept == []


def test_ending_one_worker_leaves_another_and_what_that_started(serve: Serve) -> None:
    first, second = serve(DETACHED), serve(DETACHED)
    pid = second.detach()
    first.detach()
    first.worker.close()
    assert alive(pid)
    assert isinstance(second.detach(), int)
    second.worker.close()
    assert not alive(pid)


def test_a_guard_that_is_killed_costs_the_other_workers_nothing(serve: Serve) -> None:
    """Its orphans fall to the zygote, which clears them and spares the guards that live."""
    bystander = serve(DETACHED)
    kept = bystander.detach()
    served = serve(DETACHED)
    with pytest.raises(Died):
        served.reply("kill_guard")
    assert gone([int(served.worker.output())], seconds=0.0)
    assert alive(kept)
    assert bystander.many(1)
    assert serve("def f(): return 7").f() == 7


def test_a_worker_cannot_outlive_its_guard(serve: Serve) -> None:
    served = serve("import os\ndef f(): return os.getpid(), os.getppid()")
    worker, keeper = served.f()
    assert keeper == served.worker.root
    os.kill(keeper, signal.SIGKILL)
    assert gone([worker])
    with pytest.raises(Died):
        served.f()


# -- the parts


@pytest.fixture
def shell() -> Iterator[subprocess.Popen[bytes]]:
    """A process with a child that has a child."""
    process = subprocess.Popen(["/bin/sh", "-c", "/bin/sh -c 'sleep 100; :'; :"])
    while len(psutil.Process(process.pid).children(recursive=True)) < 2:
        time.sleep(0.01)
    yield process
    for member in psutil.Process(process.pid).children(recursive=True):
        member.kill()
    process.kill()
    process.wait()


@pytest.mark.parametrize("listed", [True, False], ids=["children_file", "whole_proc"])
def test_descendants_are_found_with_and_without_the_kernels_list(
    shell: subprocess.Popen[bytes], monkeypatch: pytest.MonkeyPatch, listed: bool
) -> None:
    monkeypatch.setattr(guard, "LISTS_CHILDREN", listed)
    want = [process.pid for process in psutil.Process(shell.pid).children(recursive=True)]
    assert guard.children(shell.pid) == want[:1]
    assert guard.descendants(shell.pid) == want
    assert guard.descendants(want[-1]) == []


def test_a_process_that_is_not_there_has_no_children() -> None:
    assert guard.children(2**22 + 1) == []


def test_every_process_has_its_parent() -> None:
    found = guard.parents()
    assert found[os.getpid()] == os.getppid()


def test_a_name_with_brackets_and_spaces_hides_no_parent(tmp_path: Path) -> None:
    odd = tmp_path / ") 1 (x"
    odd.symlink_to("/bin/sleep")
    process = subprocess.Popen([odd, "100"])
    try:
        time.sleep(0.1)
        assert guard.parents()[process.pid] == os.getpid()
    finally:
        process.kill()
        process.wait()


@pytest.mark.parametrize("listed", [True, False], ids=["children_file", "whole_proc"])
def test_a_sweep_spares_what_it_is_told_to(listed: bool) -> None:
    """In a process of its own: a sweep takes every child of the process that sweeps."""
    program = f"""
        import os, subprocess, sys
        sys.path.insert(0, {str(ROOT)!r})
        from grader.worker import guard, kernel
        guard.LISTS_CHILDREN = {listed}
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        spared = subprocess.Popen(["sleep", "100"])
        subprocess.run(["/bin/sh", "-c", "setsid sleep 100 & setsid sleep 100 &"], check=True)
        subprocess.Popen(["/bin/sh", "-c", "sleep 100; :"])
        assert len(guard.children(os.getpid())) == 4
        guard.sweep({{spared.pid}})
        assert guard.descendants(os.getpid()) == [spared.pid]
        guard.sweep()
        print(guard.descendants(os.getpid()))
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "[]", done.stderr


def test_a_process_whose_parent_is_already_gone_ends_itself() -> None:
    program = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        from grader.worker import kernel
        kernel.die_with(2**22 + 1)
        print("alive")
    """
    done = subprocess.run(
        [sys.executable, "-c", dedent(program)], capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout) == (1, "")

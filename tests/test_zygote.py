"""The zygote and the workers that it forks: ended in time however they behave, and gone with the judge."""

from __future__ import annotations

import dataclasses
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from textwrap import dedent
from typing import Any

import psutil
import pytest
from processes import Served, alive, gone

from grader.faults import GraderFault
from grader.launch import Allowance, Died, Plan, TookTooLong, Zygote
from grader.worker import messages, pages, sandbox
from grader.worker.wire import WireError

pytestmark = pytest.mark.timeout(120)
Serve = Callable[..., Served]
ROOT = Path(__file__).parents[1]


def below(zygote: Zygote) -> list[psutil.Process]:
    """The zygote's descendants."""
    return list(psutil.Process(zygote.process.pid).children(recursive=True))


# -- the zygote


def test_it_has_one_thread(serve: Serve, zygote: Zygote) -> None:
    serve(by_hand=True)
    assert psutil.Process(zygote.process.pid).num_threads() == 1


def test_it_holds_nothing_but_its_log_and_its_connection(zygote: Zygote) -> None:
    folder = f"/proc/{zygote.process.pid}/fd"
    ends = sorted(os.readlink(f"{folder}/{number}").split(":")[0] for number in os.listdir(folder))
    assert ends == sorted(["/dev/null", zygote.log.name, zygote.log.name, "socket"])


def test_an_interrupt_at_the_terminal_is_not_for_it(zygote: Zygote, serve: Serve) -> None:
    os.kill(zygote.process.pid, signal.SIGINT)
    assert os.getsid(zygote.process.pid) == zygote.process.pid
    assert serve("def f(): return 7").f() == 7


def test_a_worker_collects_its_garbage_and_leaves_the_zygotes_alone(serve: Serve) -> None:
    enabled, frozen = serve("import gc\ndef f(): return gc.isenabled(), gc.get_freeze_count()").f()
    assert enabled
    assert frozen > 100_000


def test_a_worker_has_a_session_of_its_own(serve: Serve) -> None:
    pid, session = serve("import os\ndef f(): return os.getpid(), os.getsid(0)").f()
    assert pid == session


def test_workers_end_when_they_are_closed_and_leave_nothing(serve: Serve, zygote: Zygote) -> None:
    before = {process.pid for process in below(zygote)}
    served = [serve("def f(): return 7") for _ in range(3)]
    assert [each.f() for each in served] == [7, 7, 7]
    scratch = [each.worker.scratch for each in served]
    for each in served:
        each.worker.close()
        each.worker.close()  # a second time does nothing
    assert gone([process.pid for process in below(zygote) if process.pid not in before])
    assert not any(folder.exists() for folder in scratch)


def test_its_memory_is_on_huge_pages_where_the_kernel_has_them(zygote: Zygote) -> None:
    """A probe in this process says what the kernel can do; without, forks are slower and nothing is wrong."""
    if not pages.collapse():
        return
    rollup = Path(f"/proc/{zygote.process.pid}/smaps_rollup").read_text()
    huge = next(line for line in rollup.splitlines() if line.startswith("AnonHugePages"))
    assert int(huge.split()[1]) > 50_000


def test_a_kernel_without_huge_pages_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pages, "MADV_COLLAPSE", 9999)
    assert pages.collapse() == 0
    monkeypatch.setattr(pages, "anonymous", lambda: (_ for _ in ()).throw(OSError()))
    assert pages.collapse() == 0


# -- how a worker can end


def ended(served: Served, name: str, allowance: Allowance | None = None) -> int | None:
    """The status of a worker that does not survive a call."""
    with pytest.raises(Died) as died:
        served.reply(name, allowance=allowance)
    assert not served.worker.alive
    assert not served.worker.scratch.exists()
    return died.value.status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("os._exit(0)", 0),
        ("os._exit(5)", 5),
        ("os.kill(os.getpid(), signal.SIGKILL)", -signal.SIGKILL),
        ("os.kill(os.getpid(), signal.SIGTERM)", -signal.SIGTERM),
        ("os.abort()", -signal.SIGABRT),
        ("ctypes.string_at(0)", -signal.SIGSEGV),
        ("sys.setrecursionlimit(10**9); repr(nested)", -signal.SIGSEGV),  # the stack overflows in C
        ("os.close(3)", 70),
        ("os.execv('/bin/true', ['true'])", 0),
    ],
)
def test_a_worker_that_ends_itself_says_how(serve: Serve, body: str, status: int) -> None:
    served = serve(
        f"""
        import ctypes, os, signal, sys
        nested = []
        for _ in range(10**6):
            nested = [nested]
        def f(): {body}
        """
    )
    assert ended(served, "f") == status
    with pytest.raises(Died):
        served.f()  # there is no other attempt


def test_a_worker_that_ends_while_it_is_imported_says_how(serve: Serve) -> None:
    served = serve("import os; os._exit(3)")
    with pytest.raises(Died) as died:
        served.ask(messages.Load(1, "m"))
    assert died.value.status == 3


@pytest.mark.parametrize("body", ["while True: pass", "while True: print('x' * 1000)", "sum(iter(int, 1))"])
def test_an_endless_loop_is_stopped_by_its_computing_time(serve: Serve, body: str) -> None:
    served = serve(f"def f():\n    {body}")
    with pytest.raises(TookTooLong, match=r"0\.5 s of computing time"):
        served.reply("f", allowance=Allowance(0.5, 100))
    assert not served.worker.alive
    assert len(served.worker.output()) < 70_000


@pytest.mark.parametrize(
    "body", ["time.sleep(100)", "input('?') if False else signal.pause()", "threading.Event().wait()"]
)
def test_a_worker_that_waits_is_stopped_by_the_wall_clock(serve: Serve, body: str) -> None:
    served = serve(f"import signal, threading, time\ndef f(): {body}")
    started = time.monotonic()
    with pytest.raises(TookTooLong, match=r"0\.5 s of waiting time"):
        served.reply("f", allowance=Allowance(100, 0.5))
    assert time.monotonic() - started < 20


def test_a_worker_that_ignores_every_signal_is_stopped(serve: Serve) -> None:
    served = serve(
        """
        import signal, time
        def f():
            for number in set(signal.Signals) - {signal.SIGKILL, signal.SIGSTOP}:
                signal.signal(number, signal.SIG_IGN)
            while True:
                time.sleep(1)
        """
    )
    with pytest.raises(TookTooLong):
        served.reply("f", allowance=Allowance(100, 0.5))


COMPUTES = """
import time
def f(seconds):
    stop = time.process_time() + seconds
    while time.process_time() < stop:
        pass
"""


def test_computing_time_adds_up_over_the_calls_of_a_test(serve: Serve) -> None:
    served, allowance = serve(COMPUTES), Allowance(0.8, 100)

    def calls() -> None:
        for _ in range(20):
            served.reply("f", 0.3, allowance=allowance)

    with pytest.raises(TookTooLong, match="computing time"):
        calls()
    assert 0.8 < allowance.spent < 3


def test_another_tests_computing_time_is_not_charged(serve: Serve) -> None:
    served = serve(COMPUTES)
    first, second = Allowance(100, 100), Allowance(1.0, 100)
    served.reply("f", 1.2, allowance=first)
    for _ in range(3):
        served.reply("f", 0.1, allowance=second)
    assert first.spent > 0.9
    assert second.spent < 1.0


# -- what a worker may put on the wire itself

RAW = """
import os, struct, time

def announce(header, buffer):
    os.write(3, struct.pack("<IQ", header, buffer))
    time.sleep(100)

def truncated(how):
    os.write(3, struct.pack("<IQ", 100, 100) + b"x" * 50)
    how()

def stop(): truncated(lambda: time.sleep(100))
def leave(): truncated(lambda: os._exit(0))

def garbage(data):
    os.write(3, struct.pack("<IQ", len(data), 0) + data.encode())

def trickle():
    os.write(3, struct.pack("<IQ", 1000, 0))
    while True:
        os.write(3, b"x")
        time.sleep(0.1)
"""


@pytest.mark.parametrize(("header", "buffer"), [(10, 1 << 30), (1 << 31, 0), (10, (64 << 20) + 1)])
def test_a_gigabyte_is_refused_as_soon_as_it_is_announced(serve: Serve, header: int, buffer: int) -> None:
    served = serve(RAW)
    with pytest.raises(WireError, match="announced"):
        served.reply("announce", header, buffer)
    assert not served.worker.alive


def test_a_frame_that_never_ends_is_stopped_by_the_wall_clock(serve: Serve) -> None:
    for name in ("stop", "trickle"):
        with pytest.raises(TookTooLong, match="waiting time"):
            serve(RAW).reply(name, allowance=Allowance(100, 0.5))


def test_a_frame_that_breaks_off_is_the_workers_end(serve: Serve) -> None:
    assert ended(serve(RAW), "leave") == 0


def test_a_frame_of_garbage_ends_the_worker(serve: Serve) -> None:
    served = serve(RAW)
    with pytest.raises(WireError, match="undecodable"):
        served.reply("garbage", "no msgpack")
    assert not served.worker.alive


# -- trouble that is the grader's


def test_a_layer_that_cannot_be_put_on_is_the_graders_fault(zygote: Zygote, tmp_path: Path) -> None:
    class Misplaced(Plan):
        def settings(self, scratch: str) -> messages.Settings:
            return super().settings("/no/such/folder")

    with pytest.raises(GraderFault, match=r"(?s)a worker did not start \(Closed\).*no/such/folder"):
        zygote.start(Misplaced(tmp_path, {}, {}, 1))


@pytest.fixture
def own(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """A zygote that the test may harm."""
    launcher = Zygote(tmp_path_factory.mktemp("own"))
    yield launcher
    launcher.close()


def test_a_zygote_that_dies_is_the_graders_fault_and_takes_its_workers_along(
    own: Zygote, tmp_path: Path
) -> None:
    (tmp_path / "m.py").write_text(
        "import os, signal, time\n"
        "def pid(): return os.getpid()\n"
        "def kill(pid): os.kill(pid, signal.SIGKILL), time.sleep(100)\n"
    )
    plan = Plan(tmp_path, {"m": "m.py"}, {}, 1)
    latched = Served(own.start(dataclasses.replace(plan, by_hand=True)))
    served = Served(own.start(plan))
    pids = [latched.pid(), served.pid()]
    with pytest.raises(GraderFault, match="zygote was killed"):  # a submission of the same user can do that
        served.kill(own.process.pid)
    assert gone(pids)
    with pytest.raises(GraderFault, match="zygote was killed"):
        latched.pid()
    served = Served(own.start(plan))  # it is started again, once
    with pytest.raises(GraderFault, match="zygote was killed"):
        served.kill(own.process.pid)
    started = time.monotonic()
    with pytest.raises(GraderFault, match="zygote does not answer"):
        own.start(plan)
    assert time.monotonic() - started < 5
    started = time.monotonic()
    own.close()
    assert time.monotonic() - started < 5
    assert not list(own.folder.glob("scratch-*"))


def test_a_zygote_that_does_not_come_up_says_why(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    broken = tmp_path / "broken.py"
    broken.write_text("raise ImportError('no torch here')")
    monkeypatch.setattr("grader.forked.python_command", lambda *rest: [sys.executable, str(broken)])
    launcher = Zygote(tmp_path)
    with pytest.raises(GraderFault, match=r"(?s)the zygote did not start.*no torch here"):
        launcher.start(Plan(tmp_path, {}, {}, 1))
    launcher.close()


def test_a_zygote_that_is_not_yet_up_can_be_closed(tmp_path: Path) -> None:
    launcher = Zygote(tmp_path)
    started = time.monotonic()
    launcher.close()
    assert time.monotonic() - started < 10
    assert not alive(launcher.process.pid)


def test_a_zygote_with_a_second_thread_does_not_come_up() -> None:
    """One operation of such a process would hang every worker."""
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    program = f"""
        import sys
        sys.path.insert(0, {str(ROOT)!r})
        import threading
        threading.Thread(target=threading.Event().wait, daemon=True).start()
        from grader.worker import zygote
        zygote.main()
    """
    with ours, theirs:
        done = subprocess.run(
            [sys.executable, "-c", dedent(program), str(theirs.fileno())],
            pass_fds=[theirs.fileno()],
            env=sandbox.environment("/tmp"),
            capture_output=True,
            text=True,
            check=False,
        )
    assert done.returncode == 1
    assert "2 threads after the imports" in done.stderr


# -- the judge's own end


JUDGE = """
    import os, sys, time
    from pathlib import Path
    sys.path.insert(0, {root!r})
    from grader.launch import Zygote, Plan, Allowance, call_id
    from grader.worker import messages
    folder = Path({folder!r})
    zygote = Zygote(folder)
    workers = [zygote.start(Plan(folder, {{"m": "m.py"}}, {{}}, 1, by_hand=hand)) for hand in (False, True)]
    found = [zygote.process.pid]
    for worker in workers:
        reply, _ = worker.request(messages.Call(call_id(), "m", "detach", [], [], []), [], Allowance(60, 60))
        found += reply.value.items
    print(*found, flush=True)
    workers[0].request(messages.Call(call_id(), "m", "loop", [], [], []), [], Allowance(600, 600))
"""

DETACH = """
import os, time
def detach():
    ours, theirs = os.pipe()
    if os.fork() == 0:
        os.setsid()
        if os.fork() == 0:
            os.write(theirs, str(os.getpid()).encode())
            time.sleep(1000)
        os._exit(0)
    return [os.getppid(), os.getpid(), int(os.read(ours, 20))]
def loop():
    while True: pass
"""


def test_a_judge_that_is_killed_leaves_no_process_behind(tmp_path: Path) -> None:
    (tmp_path / "m.py").write_text(DETACH)
    program = dedent(JUDGE.format(root=str(ROOT), folder=str(tmp_path)))
    with subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True) as judge:
        assert judge.stdout is not None
        pids = [int(word) for word in judge.stdout.readline().split()]
        assert len(pids) == 7
        assert all(map(alive, pids))
        judge.kill()
        judge.wait(20)
    assert gone(pids)


def test_a_request_that_no_frame_takes_is_the_graders_fault(serve: Serve) -> None:
    served = serve("def f(x): return x")
    many: Any = ["x" * 100] * 4000
    with pytest.raises(GraderFault, match="more than a frame takes"):
        served.f(many)
    assert served.f(1) == 1

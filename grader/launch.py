"""Starts workers and talks to them: from a zygote where there is fork, as a fresh interpreter anywhere.

Nothing here knows what a test is. A worker answers one request at a time; the judge waits with an allowance,
reads the worker's output meanwhile, and on an overrun kills the worker's whole process tree.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import select
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Protocol

import msgspec
import psutil

from grader.faults import GraderFault
from grader.worker import messages, wire

WORKER_FOLDER = Path(__file__).resolve().parent / "worker"
READY_SECONDS = 120.0  # for an interpreter to import torch on a slow, loaded machine
CLOSE_SECONDS = 10.0
CPU_INTERVAL = 0.25  # how often the CPU time of a busy tree is read


class TookTooLong(Exception):
    """The allowance is spent; ``resource`` says which: computing time or waiting."""

    def __init__(self, resource: str, limit: float) -> None:
        super().__init__(f"{limit:g} s of {resource}")
        self.resource = resource
        self.limit = limit


class Died(Exception):
    """The worker ended by itself; ``status`` as by os.waitstatus_to_exitcode, None where unknown."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"exit status {status}")
        self.status = status


@dataclass
class Allowance:
    """What one test may spend: CPU time of its workers' trees, and a wall deadline behind it."""

    cpu_seconds: float | None = None
    wall_seconds: float | None = None
    spent: float = 0.0
    started: float = field(default_factory=time.monotonic)

    @classmethod
    def of_timeout(cls, seconds: float | None) -> Allowance:
        """From a test's time-out: that much computing, four times that much waiting (half a core is
        common)."""
        return cls(seconds, None if seconds is None else 4 * seconds)

    def check(self) -> None:
        """:raises TookTooLong: something is spent."""
        if self.cpu_seconds is not None and self.spent > self.cpu_seconds:
            raise TookTooLong("computing time", self.cpu_seconds)
        if self.wall_seconds is not None and time.monotonic() - self.started > self.wall_seconds:
            raise TookTooLong("waiting time", self.wall_seconds)

    def remaining(self) -> float:
        """Seconds until the wall deadline, at most one interval."""
        if self.wall_seconds is None:
            return CPU_INTERVAL
        return max(0.0, min(CPU_INTERVAL, self.started + self.wall_seconds - time.monotonic()))


def tree_cpu_seconds(root: int) -> float:
    """CPU time of a process, its descendants, and every child that they have waited for."""
    total = 0.0
    try:
        process = psutil.Process(root)
        family = [process, *process.children(recursive=True)]
    except psutil.Error:
        return 0.0
    for member in family:
        with contextlib.suppress(psutil.Error):
            times = member.cpu_times()
            total += times.user + times.system
            total += getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
    return total


@dataclass(frozen=True)
class Plan:
    """What a worker is to be: whose modules, which limits, by hand or not."""

    folder: Path
    modules: dict[str, str]
    problems: dict[str, str]
    seed: int
    by_hand: bool = False
    answer_bytes: int = wire.BUFFER_LIMIT
    memory_bytes: int = 1 << 30
    file_bytes: int = 256 << 20
    output_bytes: int = 64 << 10

    def settings(self, scratch: str) -> messages.Settings:
        """The settings frame for a worker with this scratch folder."""
        return messages.Settings(
            folder=str(self.folder),
            modules=self.modules,
            problems=self.problems,
            scratch=scratch,
            seed=self.seed,
            answer_bytes=self.answer_bytes,
            memory_bytes=self.memory_bytes,
            file_bytes=self.file_bytes,
            cpu_seconds=3600,
            by_hand=self.by_hand,
        )


class Worker:
    """One worker process as the judge holds it."""

    def __init__(self, plan: Plan, sock: socket.socket, output: int | None, scratch: Path) -> None:
        self.plan = plan
        self.sock = sock
        self.scratch = scratch
        self.layers: list[str] = []
        self.root = 0  # the process whose tree is the worker's
        self.alive = True
        self._output = output
        self._printed = bytearray()
        self._dropped = 0
        self._read_cpu: tuple[Allowance | None, float, float] = (None, 0.0, 0.0)
        sock.setblocking(False)
        if output is not None:
            os.set_blocking(output, False)
        self._decode = wire.decoder(messages.Reply)

    # -- talking

    def greet(self) -> None:
        """Wait until the worker is confined.

        :raises GraderFault: it never said ready; nothing submitted has run yet, so the fault is ours.
        """
        try:
            header, _ = wire.receive(self.sock, 0, self._waiting(Allowance(None, READY_SECONDS)))
            self.layers = wire.decoder(messages.Greeting)(header).layers
        except (wire.Closed, wire.WireError, TookTooLong) as error:
            self._drain()
            text = self.output().strip()
            self.close()
            raise GraderFault(f"a worker did not start ({type(error).__name__}): {text[-2000:]}") from None

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        """One request and its reply.

        :raises TookTooLong: the allowance is spent; the tree is gone.
        :raises Died: the worker ended by itself.
        :raises grader.worker.wire.WireError: the reply cannot be trusted; the tree is gone.
        """
        if not self.alive:
            raise Died(None)
        wait = self._waiting(allowance)
        try:
            wire.send(self.sock, msgspec.msgpack.encode(message), buffers, wait)
            header, buffer = wire.receive(self.sock, self.plan.answer_bytes, wait)
            reply: messages.Reply = self._decode(header)
            if reply.id != message.id:
                raise wire.WireError("an answer to a call that was not made")
        except wire.Closed:
            status = self._status()
            self.close()
            raise Died(status) from None
        except (TookTooLong, wire.WireError):
            self.close()
            raise
        self._drain()
        return reply, buffer

    def charge(self, allowance: Allowance) -> None:
        """Add the tree's CPU time since the last reading to what the allowance has spent."""
        now = tree_cpu_seconds(self.root)
        last, before, _ = self._read_cpu
        if last is allowance:
            allowance.spent += max(0.0, now - before)
        elif last is None:
            allowance.spent += now
        self._read_cpu = (allowance, now, time.monotonic())

    def _waiting(self, allowance: Allowance) -> wire.Wait:
        if self.root and self._read_cpu[0] not in (None, allowance):
            self.charge(allowance)  # a worker that outlived its test: what it spent before is not this test's

        def wait(sock: socket.socket, writing: bool) -> None:
            readers = [] if writing else [sock.fileno()]
            if self._output is not None:
                readers.append(self._output)
            ready, _, _ = select.select(readers, [sock] if writing else [], [], allowance.remaining())
            if self._output is not None and self._output in ready:
                self._drain()
            if self.root and time.monotonic() - max(self._read_cpu[2], allowance.started) >= CPU_INTERVAL:
                self.charge(allowance)
            allowance.check()

        return wait

    # -- output

    def _drain(self) -> None:
        if self._output is None:
            return
        for _ in range(64):  # bounded: endless printing must not keep the judge from its deadline
            try:
                data = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not data:
                return
            room = self.plan.output_bytes - len(self._printed)
            self._printed += data[: max(0, room)]
            self._dropped += max(0, len(data) - max(0, room))

    def new_output(self) -> str:
        """What was printed since this was last asked; flushed, because the worker flushes before it
        answers."""
        self._drain()
        text = self.output()
        self._printed.clear()
        self._dropped = 0
        return text

    def pristine(self) -> bool:
        """Whether process-wide settings (default dtype, gradient mode, threads) are as they were at the
        start."""
        try:
            reply, _ = self.request(messages.Inspect(call_id()), [], Allowance(None, 5.0))
        except (TookTooLong, Died, wire.WireError):
            return False
        return isinstance(reply, messages.Answer) and reply.value is True

    def output(self) -> str:
        """What the worker printed, capped; undecodable bytes are escaped."""
        text = self._printed.decode(errors="backslashreplace")
        return text + (f"\n[{self._dropped:,} more bytes]" if self._dropped else "")

    # -- ending

    def _status(self) -> int | None:
        return None

    def _end(self) -> None:
        raise NotImplementedError

    def close(self) -> None:
        """Kill the worker's tree, wait until it is gone, and remove its scratch folder."""
        if not self.alive:
            return
        self.alive = False
        self.sock.close()
        self._end()
        if self._output is not None:
            self._drain()
            os.close(self._output)
            self._output = None
        shutil.rmtree(self.scratch, ignore_errors=True)


class GuardedWorker(Worker):
    """A worker forked from a zygote, with a guard above it that clears its tree."""

    def __init__(
        self, plan: Plan, sock: socket.socket, output: int, scratch: Path, control: socket.socket
    ) -> None:
        super().__init__(plan, sock, output, scratch)
        self.control = control
        self.control.settimeout(CLOSE_SECONDS)
        self._report = wire.decoder(messages.Started | messages.Exited)

    def _status(self) -> int | None:
        with contextlib.suppress(OSError, wire.WireError):
            while data := self.control.recv(4096):
                report = self._report(data)
                if isinstance(report, messages.Exited):
                    return int(report.status)
        return None

    def _end(self) -> None:
        try:
            self.control.send(b"end")
            while self.control.recv(4096):
                pass
        except TimeoutError:
            kill_tree(self.root)
        except OSError:  # the guard is gone already
            pass
        self.control.close()


class SpawnedWorker(Worker):
    """A worker that is a subprocess of the judge."""

    def __init__(
        self, plan: Plan, sock: socket.socket, output: int | None, scratch: Path, process: Any
    ) -> None:
        super().__init__(plan, sock, output, scratch)
        self.process = process
        self.root = process.pid

    def _status(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return int(self.process.wait(CLOSE_SECONDS))
        return None

    def _end(self) -> None:
        kill_tree(self.process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_SECONDS)


def kill_tree(root: int) -> None:
    """Kill a process and everything below it, and wait for it."""
    try:
        process = psutil.Process(root)
        family = [*process.children(recursive=True), process]
    except psutil.Error:
        return
    for member in family:
        with contextlib.suppress(psutil.Error):
            member.kill()
    psutil.wait_procs(family, timeout=CLOSE_SECONDS)


class Launcher(Protocol):
    """A way to start workers."""

    name: str
    lifetime: str  # "test" | "file": how long one worker serves

    def start(self, plan: Plan) -> Worker:
        """A confined worker that has said ready."""

    def close(self) -> None:
        """End everything that was started."""


def python_command(program: str, *arguments: str) -> list[str]:
    """The command of a clean interpreter: no user site, no folder of the program on the path."""
    return [sys.executable, "-s", "-P", str(WORKER_FOLDER / program), *arguments]


def _environment(home: Path) -> dict[str, str]:
    from grader.worker.sandbox import environment

    return environment(str(home))


class Zygote:
    """Forks workers from one interpreter that has imported torch; the interpreter starts without being
    waited for."""

    name = "zygote"
    lifetime = "test"

    def __init__(self, folder: Path) -> None:
        """:param folder: the run's own folder; scratch folders are made in it."""
        self.folder = folder
        self.control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.latched: socket.socket | None = None
        self.log = open(folder / "zygote.log", "w+b")  # noqa: SIM115 - held until close
        home = folder / "zygote"
        home.mkdir()
        self.process = subprocess.Popen(
            python_command("zygote.py", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            env=_environment(home),
            cwd="/",
            stdin=subprocess.DEVNULL,
            stdout=self.log,
            stderr=self.log,
            start_new_session=True,
        )
        theirs.close()
        self._ready = False

    def wait_ready(self) -> None:
        """:raises GraderFault: the zygote did not come up; its own words are in the message."""
        if not self._ready:
            self._expect_ready(self.control)
            self._ready = True

    def _expect_ready(self, control: socket.socket) -> None:
        control.settimeout(READY_SECONDS)
        try:
            word = control.recv(16)
        except OSError as error:
            word = type(error).__name__.encode()
        if word != b"ready":
            self.log.seek(0)
            text = self.log.read().decode(errors="backslashreplace")
            raise GraderFault(f"the zygote did not start: {text.strip()[-2000:] or word!r}")

    def _order(self, control: socket.socket, order: messages.Order, descriptors: list[int]) -> int:
        try:
            socket.send_fds(control, [msgspec.msgpack.encode(order)], descriptors)
            return int(wire.decoder(messages.Started)(control.recv(4096)).pid)
        except (OSError, wire.WireError) as error:
            raise GraderFault(f"the zygote does not answer: {error}") from None

    def _control(self, by_hand: bool) -> socket.socket:
        self.wait_ready()
        if not by_hand:
            return self.control
        if self.latched is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            self._order(self.control, messages.Latch(), [theirs.fileno()])
            theirs.close()
            self._expect_ready(ours)
            self.latched = ours
        return self.latched

    def start(self, plan: Plan) -> Worker:
        """Fork a worker.

        :raises GraderFault: it did not come up.
        """
        control = self._control(plan.by_hand)
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.folder))
        sock, theirs = socket.socketpair()
        ours, report = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        output, printing = os.pipe()
        handed = [theirs.fileno(), printing, report.fileno()]
        worker = GuardedWorker(plan, sock, output, scratch, ours)
        try:
            worker.root = self._order(control, messages.Fork(plan.settings(str(scratch))), handed)
        finally:
            theirs.close()
            report.close()
            os.close(printing)
        worker.greet()
        return worker

    def sweep(self) -> None:
        """Kill whatever fell to the zygote because a guard was killed."""
        for control in (self.control, self.latched):
            if control is not None:
                self._order(control, messages.Sweep(), [])

    def close(self) -> None:
        """End the zygote and everything under it."""
        if self._ready:
            with contextlib.suppress(GraderFault):
                self.sweep()
        for control in (self.latched, self.control):
            if control is not None:
                control.close()
        kill_tree(self.process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_SECONDS)
        self.log.close()


class Fresh:
    """Starts each worker as a new interpreter; one spare is started ahead. Promises nothing about secrets."""

    name = "fresh"
    lifetime = "file"

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.spare: tuple[socket.socket, int | None, Path, Any] | None = self._spawn()

    def _spawn(self) -> tuple[socket.socket, int | None, Path, Any]:
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.folder))
        ours, theirs = socket.socketpair()
        common: dict[str, Any] = {"env": _environment(scratch), "cwd": str(scratch)}
        if sys.platform == "win32":  # documented by Microsoft and Python; not run by us
            process = subprocess.Popen(python_command("fresh.py", "stdin"), stdin=subprocess.PIPE, **common)
            assert process.stdin is not None
            process.stdin.write(ours.share(process.pid))
            process.stdin.close()
            return ours, None, scratch, process
        output, printing = os.pipe()
        process = subprocess.Popen(
            python_command("fresh.py", str(theirs.fileno())),
            pass_fds=[theirs.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=printing,
            stderr=printing,
            start_new_session=True,
            **common,
        )
        theirs.close()
        os.close(printing)
        return ours, output, scratch, process

    def start(self, plan: Plan) -> Worker:
        """A worker from the spare interpreter.

        :raises GraderFault: it did not come up, or the question needs a zygote.
        """
        sock, output, scratch, process = self.spare or self._spawn()
        self.spare = None
        worker = SpawnedWorker(plan, sock, output, scratch, process)
        settings = msgspec.msgpack.encode(plan.settings(str(scratch)))
        wire.send(sock, settings, [], worker._waiting(Allowance(None, READY_SECONDS)))
        worker.greet()
        self.spare = self._spawn()
        return worker

    def close(self) -> None:
        """End the spare interpreter."""
        if self.spare is not None:
            sock, output, scratch, process = self.spare
            SpawnedWorker(Plan(self.folder, {}, {}, 0), sock, output, scratch, process).close()
            self.spare = None


def call_id() -> int:
    """A number that a worker cannot foresee; the answer repeats it."""
    return secrets.randbits(62)

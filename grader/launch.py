"""Two ways to start workers: forked from a zygote where there is fork, as fresh interpreters anywhere."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any, Protocol

import msgspec

from grader.allowance import Allowance, TookTooLong
from grader.connection import (
    CLOSE_SECONDS,
    READY_SECONDS,
    Died,
    GuardedWorker,
    Plan,
    SpawnedWorker,
    Worker,
    call_id,
    kill_tree,
)
from grader.faults import GraderFault
from grader.worker import messages, wire

__all__ = [
    "Allowance",
    "Died",
    "Fresh",
    "Launcher",
    "Plan",
    "TookTooLong",
    "Worker",
    "Zygote",
    "call_id",
]

WORKER_FOLDER = Path(__file__).resolve().parent / "worker"

decode_started = wire.decoder(messages.Started)


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
            return int(decode_started(control.recv(4096)).pid)
        except (OSError, wire.WireError) as error:
            raise GraderFault(f"the zygote does not answer: {error}") from None

    def _control(self, by_hand: bool) -> socket.socket:
        self.wait_ready()
        if not by_hand:
            return self.control
        if self.latched is None:
            ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._order(self.control, messages.Latch(), [theirs.fileno()])
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
        worker = GuardedWorker(plan, sock, output, scratch, ours, lambda: self._sweep(control))
        try:
            worker.root = self._order(control, messages.Fork(plan.settings(str(scratch))), handed)
        except GraderFault:
            worker.close()
            raise
        finally:
            theirs.close()
            report.close()
            os.close(printing)
        worker.greet()
        return worker

    def _sweep(self, control: socket.socket) -> None:
        self._order(control, messages.Sweep(), [])

    def sweep(self) -> None:
        """Kill whatever fell to the zygotes because a guard was killed."""
        for control in (self.control, self.latched):
            if control is not None:
                self._sweep(control)

    def close(self) -> None:
        """End the zygote and everything under it."""
        for control in (self.latched, self.control):
            if control is not None:
                control.close()  # on which it clears what is below it and leaves
        try:
            self.process.wait(CLOSE_SECONDS if self._ready else 0.0)
        except subprocess.TimeoutExpired:
            kill_tree(self.process.pid)
            self.process.wait(CLOSE_SECONDS)
        self.log.close()


class Fresh:
    """Starts each worker as a new interpreter; one spare is started ahead. Promises nothing about secrets.

    A question that is to be solved by hand is guarded by patches only: there is no fork to latch.
    """

    name = "fresh"
    lifetime = "file"

    def __init__(self, folder: Path) -> None:
        """:param folder: the run's own folder; scratch folders are made in it."""
        self.folder = folder
        self.spare: tuple[socket.socket, int | None, Path, Any] | None = self._spawn()

    def _spawn(self) -> tuple[socket.socket, int | None, Path, Any]:
        scratch = Path(tempfile.mkdtemp(prefix="scratch-", dir=self.folder))
        ours, theirs = socket.socketpair()
        judge = str(os.getpid())
        common: dict[str, Any] = {"env": _environment(scratch), "cwd": str(scratch)}
        if sys.platform == "win32":  # documented by Microsoft and Python; not run by us
            process = subprocess.Popen(
                python_command("fresh.py", "stdin", judge), stdin=subprocess.PIPE, **common
            )
            assert process.stdin is not None
            process.stdin.write(ours.share(process.pid))
            process.stdin.close()
            return ours, None, scratch, process
        output, printing = os.pipe()
        process = subprocess.Popen(
            python_command("fresh.py", str(theirs.fileno()), judge),
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

        :raises GraderFault: it did not come up.
        """
        sock, output, scratch, process = self.spare or self._spawn()
        self.spare = None
        worker = SpawnedWorker(plan, sock, output, scratch, process)
        worker.greet()
        self.spare = self._spawn()
        return worker

    def close(self) -> None:
        """End the spare interpreter."""
        if self.spare is not None:
            sock, output, scratch, process = self.spare
            SpawnedWorker(Plan(self.folder, {}, {}, 0), sock, output, scratch, process).close()
            self.spare = None

"""Workers forked from a zygote, each under a guard that clears its tree: Linux."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import tempfile
from collections.abc import Callable
from pathlib import Path

import msgspec

from grader.connection import READY_SECONDS, Plan, Worker
from grader.faults import GraderFault
from grader.interpreter import CLOSE_SECONDS, environment, kill_tree, python_command
from grader.worker import messages, wire

decode_started = wire.decoder(messages.Started)
decode_report = wire.decoder(messages.Started | messages.Exited)


class GuardedWorker(Worker):
    """A worker forked from a zygote, with a guard above it that clears its tree.

    :param sweep: clears what a guard, named by its process id, has left when it was killed itself.
    """

    def __init__(
        self,
        plan: Plan,
        sock: socket.socket,
        output: int,
        scratch: Path,
        control: socket.socket,
        sweep: Callable[[int], None],
    ) -> None:
        super().__init__(plan, sock, output, scratch)
        self.control = control
        self.control.settimeout(CLOSE_SECONDS)
        self._watched = control
        self._exited: int | None = None
        self._sweep = sweep

    def _ended(self) -> bool:
        """Hear what the guard has to say: whether the worker is gone, or the guard itself.

        The worker's own socket does not always tell: a child that it left may hold the other end.
        """
        try:
            data = self.control.recv(4096)
        except OSError:
            data = b""
        report = decode_report(data) if data else None
        if isinstance(report, messages.Started):
            return False
        self._watched = None
        self._exited = report.status if report else None
        return True

    def _status(self) -> int | None:
        while self._watched is not None:
            self._ended()
        return self._exited

    def _end(self) -> None:
        try:
            self.control.send(b"end")
            while self.control.recv(4096):
                pass
        except TimeoutError:
            kill_tree(self.root)
        except OSError:  # the guard was killed: what it held has fallen to the zygote
            with contextlib.suppress(GraderFault):
                self._sweep(self.root)
        self.control.close()


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
            env=environment(str(home)),
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
        worker = GuardedWorker(plan, sock, output, scratch, ours, lambda guard: self._sweep(control, guard))
        try:
            worker.root = self._order(control, messages.Fork(plan.settings(str(scratch))), handed)
        finally:
            theirs.close()
            report.close()
            os.close(printing)
            if not worker.root:
                worker.close()
        worker.greet()
        return worker

    def _sweep(self, control: socket.socket, guard: int) -> None:
        self._order(control, messages.Sweep(guard), [])

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

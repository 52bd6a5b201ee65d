"""Workers that are new interpreters: slower by the import of torch, and for any machine."""

from __future__ import annotations

import contextlib
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import msgspec

from grader.allowance import Allowance, tree_cpu_seconds
from grader.connection import READY_SECONDS, Plan, Worker
from grader.interpreter import CLOSE_SECONDS, environment, kill_tree, python_command
from grader.worker import wire


class SpawnedWorker(Worker):
    """A worker that is a subprocess of the judge; what it detaches from its tree is out of reach."""

    def __init__(
        self, plan: Plan, sock: socket.socket, output: int | None, scratch: Path, process: Any
    ) -> None:
        super().__init__(plan, sock, output, scratch)
        self.process = process
        self.root = process.pid

    def greet(self) -> None:
        """Send the settings and wait until the worker is confined.

        :raises GraderFault: it never said ready.
        """
        settings = msgspec.msgpack.encode(self.plan.settings(str(self.scratch)))
        with contextlib.suppress(wire.Closed):  # then no greeting comes either
            wire.send(self.sock, settings, [], self._waiting(Allowance(None, READY_SECONDS)))
        super().greet()
        # The import of torch is not on the first test's account.
        self._read_cpu = (None, tree_cpu_seconds(self.root), time.monotonic())

    def _status(self) -> int | None:
        with contextlib.suppress(subprocess.TimeoutExpired):
            return int(self.process.wait(CLOSE_SECONDS))
        return None

    def _end(self) -> None:
        kill_tree(self.process.pid)
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(CLOSE_SECONDS)


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
        common: dict[str, Any] = {"env": environment(str(scratch)), "cwd": str(scratch)}
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

"""A worker process as the judge holds it: asked one request at a time, and ended with all that it started.

Nothing here knows what a test is. The judge waits with an allowance and reads the worker's output meanwhile;
on an overrun, and on an answer that cannot be trusted, it kills the worker's whole process tree.
"""

from __future__ import annotations

import os
import secrets
import select
import socket
import time
from dataclasses import dataclass
from pathlib import Path

import msgspec

from grader.allowance import (
    INTERVAL,
    Allowance,
    TookTooLong,
    TookTooMuch,
    tree_cpu_seconds,
    tree_memory_bytes,
)
from grader.faults import GraderFault
from grader.worker import messages, wire
from grader.worker.removal import remove

# A worker's processes together, in units of what one may take (RLIMIT_DATA): several share most of it.
TREE = 2
READY_SECONDS = 120.0  # for an interpreter to import torch on a slow, loaded machine

decode_reply = wire.decoder(messages.Reply)
decode_greeting = wire.decoder(messages.Greeting)


class Died(Exception):
    """The worker ended by itself; ``status`` as by os.waitstatus_to_exitcode, None where unknown."""

    def __init__(self, status: int | None) -> None:
        super().__init__(f"exit status {status}")
        self.status = status


@dataclass(frozen=True)
class Plan:
    """What a worker is to be: whose modules, which limits, by hand or not.

    :param apart: it serves one subject alone, even where a launcher keeps its workers for a file of tests.
    :param confined: by all layers that the launcher has; else by those that need no rights.
    :param loopback: it may open TCP connections on this machine.
    :param device: "cpu", or the UUID of the one GPU that it may use; ``memory_bytes`` then bounds what is
        resident, and no limit of the kernel's is put on the rest.
    """

    folder: Path
    modules: dict[str, str]
    problems: dict[str, str]
    seed: int
    by_hand: bool = False
    answer_bytes: int = wire.BUFFER_LIMIT
    memory_bytes: int = 1 << 30
    file_bytes: int = 256 << 20
    output_bytes: int = 64 << 10
    apart: bool = False
    confined: bool = False
    loopback: bool = False
    device: str = "cpu"

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
            confined=self.confined,
            loopback=self.loopback,
            device=self.device,
        )


class Worker:
    """One worker process; how it is ended is its launcher's affair."""

    guarded = False  # whether the root of its tree is a guard of ours

    def __init__(self, plan: Plan, sock: socket.socket, output: int | None, scratch: Path) -> None:
        self.plan = plan
        self.sock = sock
        self.scratch = scratch
        self.layers: list[str] = []
        self.root = 0  # the process whose tree is the worker's
        self.alive = True
        self._output = output
        self._watched: socket.socket | None = None  # where news of the worker's end comes from
        # When the first byte of the last question went out, and the last byte of its answer was in.
        self.asked_at = self.answered_at = 0.0
        self._printed = bytearray()
        self._dropped = 0
        # Whose account the tree's computing time was last put on, what it was then, and when that was.
        self._read_cpu: tuple[Allowance | None, float, float] = (None, 0.0, 0.0)
        sock.setblocking(False)
        wire.refuse_descriptors(sock)
        if output is not None:
            os.set_blocking(output, False)

    # -- talking

    def greet(self) -> None:
        """Wait until the worker is confined.

        :raises GraderFault: it never said ready; nothing submitted has run yet, so the fault is ours.
        """
        try:
            header, _ = wire.receive(self.sock, 0, self._waiting(Allowance(None, READY_SECONDS)))
            self.layers = decode_greeting(header).layers
        except (wire.Closed, wire.WireError, TookTooLong, TookTooMuch) as error:
            if isinstance(error, wire.Closed):
                self._status()  # it may still be saying why
            self._drain()
            text = self.output().strip()
            self.close()
            raise GraderFault(f"a worker did not start ({type(error).__name__}): {text[-2000:]}") from None

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        """One request and its reply.

        :raises TookTooLong: the allowance is spent; the tree is gone.
        :raises TookTooMuch: the tree took more memory than it may; it is gone.
        :raises Died: the worker ended by itself.
        :raises grader.worker.wire.WireError: the reply cannot be trusted; the tree is gone.
        :raises GraderFault: the request itself is too large to be sent.
        """
        if not self.alive:
            raise Died(None)
        header = msgspec.msgpack.encode(message)
        size = sum(buffer.nbytes for buffer in buffers)
        if len(header) > wire.HEADER_LIMIT or size > wire.BUFFER_CEILING:
            raise GraderFault(f"a question of {len(header):,} and {size:,} bytes is more than a frame takes")
        wait = self._waiting(allowance)
        try:
            self.asked_at = time.monotonic()
            wire.send(self.sock, header, buffers, wait)
            answer, buffer = wire.receive(self.sock, self.plan.answer_bytes, wait)
            self.answered_at = time.monotonic()
            reply: messages.Reply = decode_reply(answer)
            if reply.id != message.id:
                raise wire.WireError("an answer to a call that was not made")
        except wire.Closed:
            status = self._status()
            if self.root:
                self.charge(allowance)  # what it computed since the last reading; its guard still knows
            self.close()
            raise Died(status) from None
        except (TookTooLong, TookTooMuch, wire.WireError):
            self.close()
            raise
        self._drain()
        return reply, buffer

    def charge(self, allowance: Allowance) -> None:
        """Add the tree's computing time since the last reading to what the allowance has spent.

        What a worker that outlived its test spent before is on nobody's account.
        """
        last, before, _ = self._read_cpu
        # Less than before: a process that was just ending was missed. It must not be paid for twice.
        now = max(before, tree_cpu_seconds(self.root))
        if last is None or last is allowance:
            allowance.spent += now - before
        self._read_cpu = (allowance, now, time.monotonic())

    def weigh(self) -> None:
        """Look at what the tree takes in memory.

        :raises TookTooMuch: more than the worker and what it starts may.
        """
        limit = TREE * self.plan.memory_bytes
        if tree_memory_bytes(self.root, guarded=self.guarded) > limit:
            raise TookTooMuch(limit)

    def _waiting(self, allowance: Allowance) -> wire.Wait:
        if self.root and self._read_cpu[0] not in (None, allowance):
            self.charge(allowance)

        def wait(sock: socket.socket, writing: bool) -> None:
            waits = ([], [sock]) if writing else ([sock], [])
            watched = [end for end in (self._output, self._watched) if end is not None]
            readable, writable, _ = select.select(waits[0] + watched, waits[1], [], allowance.remaining())
            if self._output in readable:
                self._drain()
            if self._watched in readable and sock not in readable + writable and self._ended():
                raise wire.Closed
            if self.root and time.monotonic() - max(self._read_cpu[2], allowance.started) >= INTERVAL:
                self.charge(allowance)
                self.weigh()
            allowance.check()

        return wait

    # -- output

    def _drain(self) -> None:
        for _ in range(64):  # bounded: endless printing must not keep the judge from its deadline
            if self._output is None:
                return
            try:
                data = os.read(self._output, 65536)
            except BlockingIOError:
                return
            if not data:  # closed by the submission: such a pipe is always ready, and nothing comes any more
                os.close(self._output)
                self._output = None
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

    def _ended(self) -> bool:
        return False

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
        self._drain()
        if self._output is not None:
            os.close(self._output)
            self._output = None
        remove(self.scratch)


def call_id() -> int:
    """A number that a worker cannot foresee; the answer repeats it."""
    return secrets.randbits(62)

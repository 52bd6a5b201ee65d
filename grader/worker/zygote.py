"""A clean interpreter with torch imported, from which workers are forked; it runs nothing and knows no
secret.

Started as ``python -s -P zygote.py FD`` with an environment of our own (``-I`` would ignore PYTHONHASHSEED)
and talked to over the anonymous socket FD: no address, no pickle, no main module, nothing of the judge to
inherit. It imports and does nothing else: one tensor operation with two threads before a fork would hang
every child, and one CUDA call would break CUDA in all of them.
"""

from __future__ import annotations

import contextlib
import gc
import os
import signal
import socket
import sys
import traceback
from pathlib import Path
from typing import NoReturn

if __name__ == "__main__":  # run by path: the engine's folder is not importable yet
    sys.path.insert(0, str(Path(__file__).resolve().parents[2]))
    gc.disable()  # the imports below throw little away, and looking for it takes a quarter of their time

from grader.worker import namespaces
from grader.worker.namespaces import Namespaces

# Before the imports, see there.
SANDBOXED = __name__ == "__main__" and sys.argv[2:3] == ["sandbox"]
if SANDBOXED and len(sys.argv) > 3:  # a control group of ours, for this process and all that it forks
    Path(sys.argv[3]).write_text("0", encoding="ascii")
NAMESPACES = namespaces.enter() if SANDBOXED else Namespaces("none")

import msgspec
import numpy  # noqa: F401 - imported for the forks
import torch
import torch._dynamo

from grader.worker import guard, kernel, latch, pages, recorder, sandbox, serve, wire  # noqa: F401 - recorder: for benches
from grader.worker.enclosure import Enclosure
from grader.worker.messages import Fork, Latch, Offer, Order, Prepare, Settings, Started

ORDER_LIMIT = 1 << 20
WORKER_SOCKET = 3  # the only descriptor of a worker beside the standard three
decode_order = wire.decoder(Order)


def threads() -> int:
    """Threads of this process."""
    return len(os.listdir("/proc/self/task"))


def become_worker(sock: int, output: int, around: sandbox.Around) -> None:
    """Turn this fresh fork into a worker and answer calls until the judge hangs up."""
    silent = os.open("/dev/null", os.O_RDONLY)
    for source, target in ((silent, 0), (output, 1), (output, 2)):
        os.dup2(source, target)
    if sock != WORKER_SOCKET:
        os.dup2(sock, WORKER_SOCKET)
    kernel.close_descriptors(WORKER_SOCKET + 1, around.ruleset)
    os.set_inheritable(WORKER_SOCKET, False)
    os.setsid()
    sys.stdin = open(0, closefd=False)  # noqa: SIM115 - for the life of the process
    gc.enable()
    serve.run(socket.socket(fileno=WORKER_SOCKET), around)


def run_worker(guard: int, sock: int, output: int, around: sandbox.Around) -> NoReturn:
    """The life of a worker; what goes wrong is said where the judge looks for what a worker printed."""
    try:
        kernel.die_with(guard)
        become_worker(sock, output, around)
        os._exit(0)
    except BaseException:
        traceback.print_exc()
    os._exit(70)


class Zygote:
    """Answers the judge's orders: fork a worker, fork a zygote for the questions by hand, sweep."""

    def __init__(self, control: socket.socket, enclosure: Enclosure | None) -> None:
        """:param enclosure: what workers can be put into; None where only isolation ``process`` is asked."""
        self.control = control
        self.enclosure = enclosure
        self.kept: set[int] = set()  # guards and the sub-zygote: what a sweep spares

    def serve(self) -> None:
        """Obey until the judge hangs up."""
        kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
        offer = self.enclosure.offer if self.enclosure else Offer([], {})
        self.control.send(msgspec.msgpack.encode(offer))
        while True:
            order, descriptors, _, _ = socket.recv_fds(self.control, ORDER_LIMIT, 4)
            if not order:  # the judge is gone, killed perhaps: nobody else is left to clear what runs below
                guard.sweep()
                os._exit(0)
            self.obey(decode_order(order), descriptors)
            for descriptor in descriptors:
                os.close(descriptor)

    def obey(self, order: Order, descriptors: list[int]) -> None:
        """Carry out one order and answer with the process that came of it."""
        self.reap()
        if isinstance(order, Fork):
            pid = self.fork_worker(order.settings, descriptors)
        elif isinstance(order, Latch):
            pid = self.fork_latched(descriptors[0])
        else:
            self.clear(order.guard)
            pid = 0
        if pid:
            self.kept.add(pid)
        self.control.send(msgspec.msgpack.encode(Started(pid)))

    def reap(self) -> None:
        """Collect guards that have ended."""
        for pid in list(self.kept):
            try:
                if os.waitpid(pid, os.WNOHANG)[0]:
                    self.kept.discard(pid)
            except ChildProcessError:
                self.kept.discard(pid)

    def clear(self, dead: int) -> None:
        """Kill what fell to this process when one of its guards was killed."""
        if dead in self.kept:  # its end of the connection closes before its children change hands
            os.kill(dead, signal.SIGKILL)
            os.waitpid(dead, 0)
            self.kept.discard(dead)
        guard.sweep(self.kept)

    def fork_worker(self, settings: Settings, descriptors: list[int]) -> int:
        """A guard and, under it, the worker; the guard's pid."""
        zygote = os.getpid()
        enclosure = self.enclosure if settings.confined else None
        user = enclosure.next_user() if enclosure else None
        pid = enclosure.fork() if enclosure else os.fork()
        if pid:
            return pid
        try:
            sock, output, report, folder = descriptors
            self.control.close()
            control = socket.socket(fileno=report)
            above = guard.become(control, zygote)
            if enclosure:
                settings = enclosure.enclose(settings, folder, user)
            around = sandbox.Around(settings, enclosure, user)
            parent = os.getpid()
            worker = os.fork()
            if worker == 0:
                run_worker(parent, sock, output, around)
            for descriptor in (sock, output, folder):
                os.close(descriptor)
            guard.watch(control, worker, above, lambda: enclosure.clear(user) if enclosure else None)
            os._exit(0)
        except BaseException:  # nothing may return into the zygote's loop
            with contextlib.suppress(OSError):  # as above
                os.write(descriptors[1], traceback.format_exc().encode(errors="backslashreplace"))
        os._exit(70)

    def fork_latched(self, descriptor: int) -> int:
        """A zygote in whose forks autograd is dead; its pid."""
        zygote = os.getpid()
        pid = os.fork()
        if pid:
            return pid
        try:
            self.control.close()
            kernel.die_with(zygote)
            latch.shut()
            Zygote(socket.socket(fileno=descriptor), self.enclosure).serve()
        except BaseException:
            traceback.print_exc()
        os._exit(70)


def main() -> None:
    """Say ready and obey until the judge hangs up."""
    torch.set_num_threads(1)
    # The terminal's Ctrl-C is for the judge, which then hangs up.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    control = socket.socket(fileno=int(sys.argv[1]))
    sys.argv[:] = ["zygote"]
    if threads() != 1:
        raise SystemExit(f"{threads()} threads after the imports: no fork of this process would be safe")
    enclosure = None
    if SANDBOXED:
        os.umask(0o022)  # whatever the judge's is: workers of other users are to read what is built here
        wanted = wire.decoder(Prepare)(control.recv(ORDER_LIMIT))
        enclosure = Enclosure(NAMESPACES, wanted)
        del wanted  # a worker can look into the frames below its own, and at the paths that stood here
    pages.collapse()
    gc.freeze()  # a collection in a child would copy every page of the parent
    Zygote(control, enclosure).serve()


if __name__ == "__main__":
    main()

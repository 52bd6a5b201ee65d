"""A trusted process between zygote and worker: it outlives the worker and clears whatever the worker leaves.

A process group is not a tree: a double fork with setsid survives killpg. The guard is the subreaper of
everything that descends from the worker, so orphans fall to it, and it kills until it has no children left.
"""

from __future__ import annotations

import contextlib
import os
import select
import signal
import socket
from collections.abc import Callable, Collection

import msgspec

from grader.worker import kernel
from grader.worker.messages import Exited, Started

# A kernel option (CONFIG_PROC_CHILDREN) that most builds have, and gVisor has not.
LISTS_CHILDREN = os.path.exists(f"/proc/self/task/{os.getpid()}/children")


def parents() -> dict[int, int]:
    """Every process that can be seen, with its parent."""
    found: dict[int, int] = {}
    for entry in os.listdir("/proc"):
        if entry.isdecimal():
            with contextlib.suppress(OSError), open(f"/proc/{entry}/stat", errors="replace") as file:
                # The second field is the program's name, which may hold anything.
                found[int(entry)] = int(file.read().rpartition(")")[2].split()[1])
    return found


def children(pid: int) -> list[int]:
    """Child processes of one process, from /proc."""
    if not LISTS_CHILDREN:
        return [child for child, parent in parents().items() if parent == pid]
    found: list[int] = []
    with contextlib.suppress(OSError):
        for task in os.listdir(f"/proc/{pid}/task"):
            with contextlib.suppress(OSError), open(f"/proc/{pid}/task/{task}/children") as file:
                found += map(int, file.read().split())
    return found


def descendants(pid: int) -> list[int]:
    """Every process below one process."""
    found: list[int] = []
    level = children(pid)
    while level:
        found += level
        level = [child for parent in level for child in children(parent)]
    return found


def sweep(spare: Collection[int] = ()) -> None:
    """Kill this process's descendants, spared children aside, and wait until they are gone."""
    if alone() and not spare:
        return sweep_namespace()
    while True:
        with contextlib.suppress(ChildProcessError):
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        direct = [child for child in children(os.getpid()) if child not in spare]
        if not direct:
            return
        for child in direct:
            for pid in [child, *descendants(child)]:
                with contextlib.suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        for child in direct:
            with contextlib.suppress(ChildProcessError):
                os.waitpid(child, 0)


def sweep_namespace() -> None:
    """Kill everything else in this pid namespace and wait until it is gone: no fork can outrun that."""
    with contextlib.suppress(ProcessLookupError):
        os.kill(-1, signal.SIGKILL)
    with contextlib.suppress(ChildProcessError):
        while True:
            os.waitpid(-1, 0)


def watch(control: socket.socket, worker: int, above: int, clear: Callable[[], None]) -> None:
    """Report the worker's end, clear its tree, and leave when the judge says so, or judge or zygote is gone.

    :param above: a pidfd of the zygote.
    :param clear: removes what the tree has left elsewhere.
    """
    if not alone():  # killed with the zygote, it would leave what the worker has detached
        kernel.prctl(kernel.PR_SET_PDEATHSIG, 0)
    # The worker may have the same user: it must not get at the descriptors and rights of this process.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    control.send(msgspec.msgpack.encode(Started(worker)))
    ended = os.pidfd_open(worker)
    poll = select.poll()
    poll.register(control, select.POLLIN)
    poll.register(ended, select.POLLIN)
    if not alone():
        poll.register(above, select.POLLIN)
    running = True
    while running:
        ready = dict(poll.poll())
        if above in ready:
            break
        if control.fileno() in ready:
            control.recv(16)  # or its closing would look like a crash to the judge
            break
        if ended in ready:
            running = False
            status = os.waitstatus_to_exitcode(os.waitpid(worker, 0)[1])
            sweep()
            with contextlib.suppress(OSError):
                control.send(msgspec.msgpack.encode(Exited(status)))
    if not running:
        with contextlib.suppress(OSError):
            control.recv(1)  # until the judge has read the report and hangs up
    sweep()
    clear()
    control.close()  # now, and not when the memory of this process is taken apart


def become(control: socket.socket, zygote: int) -> int:
    """Turn this fresh fork of the zygote into a guard.

    :return: a pidfd of the zygote, or -1 where that is not seen from here.
    """
    os.setsid()
    kernel.die_with(zygote)
    above = -1 if alone() else os.pidfd_open(zygote)
    kernel.prctl(kernel.PR_SET_CHILD_SUBREAPER, 1)
    control.setblocking(True)
    return above


def alone() -> bool:
    """Whether this process is the first of a pid namespace, so that everything else in it is the worker's."""
    return os.getpid() == 1

"""Getting the right to make namespaces: as root with CAP_SYS_ADMIN, or through a user namespace of one's own.

This is decided before torch is imported, because a zygote in a user namespace has to be the first process of
a pid namespace of its own: only of such a one may it make its way back between two workers.
"""

from __future__ import annotations

import contextlib
import os
import signal
import tempfile
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from grader.worker import kernel

ALL = kernel.NEW_MOUNTS | kernel.NEW_IPC | kernel.NEW_NET | kernel.NEW_PIDS
Kind = Literal["root", "user", "none"]


@dataclass(frozen=True)
class Namespaces:
    """How this process may make namespaces, or why it may not."""

    kind: Kind
    why: str = ""

    def __bool__(self) -> bool:
        return self.kind != "none"


def enter() -> Namespaces:
    """Find the way that works here and take it.

    Returns in a new process where a user namespace had to be entered; its parent waits for it and then ends
    with its status.
    """
    refused: list[str] = []
    if os.geteuid() == 0 and kernel.has(kernel.CAP_SYS_ADMIN):
        failed = attempt(_as_root)
        if failed is None:
            return Namespaces("root")
        refused.append(f"as root: {failed}")
    failed = attempt(_as_user)
    if failed is not None:
        return Namespaces("none", "; ".join([*refused, f"through a user namespace: {failed}"]))
    new_user()
    kernel.unshare(kernel.NEW_PIDS)
    judge_side = os.getpid()
    child = os.fork()
    if child:
        _wait_for(child)
    kernel.die_with(judge_side)
    return Namespaces("user")


def attempt(what: Callable[[], None]) -> str | None:
    """Why something fails in a process of its own, or None if it does not."""
    answer, question = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.close(answer)
            what()
        except OSError as error:
            os.write(question, (error.strerror or str(error)).encode()[:500])
        except BaseException:
            os.write(question, traceback.format_exc().encode()[-500:])
        os._exit(0)
    os.close(question)
    with os.fdopen(answer, "rb") as pipe:
        said = pipe.read().decode(errors="replace")
    status = os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    return said or (f"the attempt ended with status {status}" if status else None)


def _as_root() -> None:
    kernel.unshare(ALL)
    _mount_something()


def _as_user() -> None:
    new_user()
    kernel.unshare(ALL)
    _mount_something()


def _mount_something() -> None:
    """The right to mount is refused more often than the namespace itself, by AppArmor for one."""
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", tempfile.gettempdir(), "tmpfs", kernel.MS_NOSUID | kernel.MS_NODEV)


def new_user() -> None:
    """Enter a new user namespace in which every user that may be mapped keeps its number."""
    if kernel.has(kernel.CAP_SETUID) and kernel.has(kernel.CAP_SETGID):
        with _mapped_from_outside(os.getpid()):
            kernel.unshare(kernel.NEW_USER)
        return
    uid, gid = os.geteuid(), os.getegid()
    kernel.unshare(kernel.NEW_USER)
    _write("/proc/self/setgroups", "deny")
    _write("/proc/self/uid_map", f"{uid} {uid} 1")
    _write("/proc/self/gid_map", f"{gid} {gid} 1")


@contextlib.contextmanager
def _mapped_from_outside(pid: int) -> Iterator[None]:
    """Have another process map all users of this namespace, once this one has entered its own."""
    maps = {name: _same(f"/proc/self/{name}") for name in ("uid_map", "gid_map")}
    waits, tells = os.pipe()
    helper = os.fork()
    if helper == 0:
        try:
            os.close(tells)
            if os.read(waits, 1):
                for name, lines in maps.items():
                    _write(f"/proc/{pid}/{name}", lines)
            os._exit(0)
        finally:
            os._exit(1)
    os.close(waits)
    try:
        yield
        os.write(tells, b"!")
    finally:
        os.close(tells)
        status = os.waitstatus_to_exitcode(os.waitpid(helper, 0)[1])
    if status != 0:
        raise OSError("the users of a new user namespace could not be mapped")


def _same(path: str) -> str:
    """Every number that is mapped here, mapped to itself."""
    with open(path, encoding="ascii") as file:
        ranges = [line.split() for line in file]
    return "\n".join(f"{first} {first} {count}" for first, _, count in ranges)


def mapped(path: str, number: int) -> bool:
    """Whether a user or group number exists in this user namespace."""
    with open(path, encoding="ascii") as file:
        ranges = [[int(field) for field in line.split()] for line in file]
    return any(first <= number < first + count for first, _, count in ranges)


def _write(path: str, text: str) -> None:
    descriptor = os.open(path, os.O_WRONLY)
    try:
        os.write(descriptor, text.encode("ascii"))
    finally:
        os.close(descriptor)


def _wait_for(child: int) -> None:
    """Stand in for a child in the eyes of the judge: end as it ends."""
    with contextlib.suppress(BaseException):
        for descriptor in range(3, 256):
            with contextlib.suppress(OSError):
                os.close(descriptor)
        status = os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])
        if status >= 0:
            os._exit(status)
        with contextlib.suppress(OSError):
            signal.signal(-status, signal.SIG_DFL)
        os.kill(os.getpid(), -status)
    os._exit(70)


class Pids:
    """Forks children into pid namespaces of their own."""

    def __init__(self) -> None:
        self._own = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)

    def fork(self) -> int:
        """As os.fork; the child is the first process of a new pid namespace."""
        kernel.unshare(kernel.NEW_PIDS)  # for children; this process stays where it is
        child = os.fork()
        if child:
            kernel.setns(self._own, kernel.NEW_PIDS)
        return child

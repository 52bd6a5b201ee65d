"""What a zygote builds once so that each of its workers can be enclosed in a millisecond or two.

Which layers can be had is found by trying each, in a process that is thrown away where the trial could do
harm. What was found is told to the judge, which decides whether it is enough.
"""

from __future__ import annotations

import contextlib
import os
import secrets
import socket
from collections.abc import Iterator
from typing import Any

import msgspec

from grader.worker import kernel, namespaces, nodes, root, rules
from grader.worker.messages import CPU, Offer, Prepare, Settings
from grader.worker.namespaces import Namespaces
from grader.worker.removal import remove

# Numbers that belong to nobody: systemd draws its transient users from them, and gives none out for good.
FIRST_USER, USERS = 61184, 4336
LOW_DESCRIPTORS = 15
ONLY_ROOT = "only root can give workers another user"
# Where everybody may write. Without a file system of its own, a worker's data loaders need the first.
SHARED = ("/dev/shm", "/tmp", "/var/tmp", "/run/lock")


class Enclosure:
    """The layers that this machine offers, prepared in the zygote, and how a guard encloses a worker."""

    def __init__(self, found: Namespaces, wanted: Prepare) -> None:
        """Prepare everything; this process has the workers' file system afterwards.

        :raises OSError: something failed half-way that had worked in a trial.
        """
        self.missing: dict[str, str] = {}
        self.filters = dict(wanted.filters)
        self._next_user = secrets.randbelow(USERS)
        self.namespaces = found
        self.pids = namespaces.Pids() if found else None
        self.own_proc = False
        self._system = [*root.SYSTEM, *root.interpreter()]
        self.devices = nodes.names(wanted.devices)
        if found:
            root.build(wanted.place, wanted.hide, self.devices)
            self.own_proc = os.path.exists("/proc/self")
            self.missing |= {} if self.own_proc else {"proc": "the system forbids another /proc"}
        else:
            self.missing["namespaces"] = found.why
        self.uid = self._try_user(wanted.place)
        self.rulesets = self._rulesets(wanted.place)
        if not self.filters:
            self.missing["seccomp"] = wanted.no_filters
        self.offer = Offer(self._layers(), self.missing, found.kind)

    def _layers(self) -> list[str]:
        layers = []
        if self.namespaces:
            layers += ["namespaces", "own-root"] + (["proc"] if self.own_proc else [])
        layers += ["uid"] if self.uid else []
        layers += ["landlock"] if self.rulesets else []
        layers += ["seccomp"] if self.filters else []
        return layers

    # -- preparing

    def _try_user(self, place: str) -> bool:
        """Whether a worker can have a user of its own that can still read the interpreter."""
        if not (kernel.has(kernel.CAP_SETUID) and kernel.has(kernel.CAP_SETGID)):
            self.missing["uid"] = ONLY_ROOT
            return False
        if not all(
            namespaces.mapped(f"/proc/self/{name}", number)
            for name in ("uid_map", "gid_map")
            for number in (FIRST_USER, FIRST_USER + USERS - 1)
        ):
            alone = self.namespaces.kind == "user" and os.geteuid() != 0
            missing = f"the users {FIRST_USER} and up do not exist in this container"
            self.missing["uid"] = ONLY_ROOT if alone else missing
            return False
        failed = namespaces.attempt(_read_as_another)
        if failed:
            self.missing["uid"] = f"the interpreter cannot be read by another user ({failed})"
        elif not self.namespaces:
            around = os.path.dirname(os.path.dirname(place))  # the judge opens what lies below
            failed = namespaces.attempt(lambda: _reach_as_another(around))
            if failed:
                self.missing["uid"] = f"another user cannot get at {around}: name another folder in TMPDIR"
        return failed is None

    def _rulesets(self, place: str) -> dict[tuple[bool, bool, bool], Any]:
        """A ruleset for each (loopback, by_hand, on a GPU)."""
        read = ["/etc", "/kernel", "/submission", "/sys"]
        write = ["/scratch", "/dev"]
        if not self.namespaces:
            read = [*(f"/etc/{name}" for name in root.ETC), *root.DEVICES_OF_SYSTEM, "/proc/cpuinfo"]
            read += ["/proc/meminfo", "/proc/stat", "/proc/sys/kernel", "/proc/sys/vm"]
            write = [*(f"/dev/{name}" for name in root.NODES), root.SHM, place]
        try:
            with _low_descriptors_taken():
                return self._made(read, write)
        except rules.NoLandlock as error:
            self.missing["landlock"] = str(error)
            return {}

    def _made(self, read: list[str], write: list[str]) -> dict[tuple[bool, bool, bool], Any]:
        given = [f"/dev/{name}" for name in self.devices]
        return {
            (loopback, by_hand, on_gpu): rules.ruleset(
                self._system,
                [*read, nodes.TOLD] if on_gpu else read,
                write,
                tcp=loopback or bool(self.namespaces),
                execute=not by_hand,
                devices=given if on_gpu else (),
            )
            for loopback in (False, True)
            for by_hand in (False, True)
            for on_gpu in ((False, True) if given else (False,))
        }

    # -- per worker

    def fork(self) -> int:
        """As os.fork, for a guard: where there are namespaces it is the first process of its own."""
        return self.pids.fork() if self.pids else os.fork()

    def next_user(self) -> int | None:
        """A user and group number for the next worker, or None where it keeps the zygote's."""
        if not self.uid:
            return None
        self._next_user = (self._next_user + 1) % USERS
        return FIRST_USER + self._next_user

    def enclose(self, settings: Settings, folder: int, user: int | None) -> Settings:
        """Called by the guard, before it forks the worker: what needs rights that the worker must not have.

        :param folder: descriptor of the folder that holds the modules.
        :return: the settings with the places that the worker will see.
        """
        files = {name: _content(folder, name) for name in settings.modules.values()}
        owner = None if user is None else (user, user)
        if not self.namespaces:
            return self._share(settings, files, owner)
        kernel.unshare(kernel.NEW_MOUNTS | kernel.NEW_IPC | kernel.NEW_NET)
        if settings.device == CPU:
            root.cover_devices(self.devices)
        root.furnish(scratch_bytes=settings.file_bytes, own_proc=self.own_proc, files=files, owner=owner)
        if settings.loopback:
            kernel.raise_loopback()
        return msgspec.structs.replace(settings, folder=root.CODE, scratch=root.SCRATCH)

    def clear(self, user: int | None) -> None:
        """Called by the guard once the worker's processes are gone: remove what it left in shared folders."""
        if self.namespaces or user is None:
            return
        for folder in SHARED:
            with contextlib.suppress(OSError), os.scandir(folder) as entries:
                for entry in entries:
                    with contextlib.suppress(OSError):
                        if entry.stat(follow_symlinks=False).st_uid == user:
                            remove(entry.path)

    def _share(self, settings: Settings, files: dict[str, bytes], owner: tuple[int, int] | None) -> Settings:
        """Without namespaces: folders on the disk that belong to this worker's user alone."""
        code, home = f"{settings.scratch}/files", f"{settings.scratch}/home"
        for folder, mode in ((code, 0o750), (home, 0o700)):
            os.mkdir(folder, mode)
            os.chmod(folder, mode)
        root.lay(code, files)
        os.chmod(settings.scratch, 0o711)
        if owner is not None:
            os.chown(home, *owner)
            os.chown(code, 0, owner[1])
        return msgspec.structs.replace(settings, folder=code, scratch=home)


@contextlib.contextmanager
def _low_descriptors_taken() -> Iterator[None]:
    """What is opened inside gets a number that a worker's standard descriptors and socket do not need."""
    taken: list[int] = []
    while not taken or taken[-1] < LOW_DESCRIPTORS:
        taken.append(os.open(os.devnull, os.O_RDONLY | os.O_CLOEXEC))
    try:
        yield
    finally:
        for descriptor in taken:
            os.close(descriptor)


def _content(folder: int, name: str) -> bytes:
    with open(os.open(name, os.O_RDONLY | os.O_NOFOLLOW, dir_fd=folder), "rb") as file:
        return file.read()


def _become_another() -> None:
    os.setgroups([])
    os.setresgid(FIRST_USER, FIRST_USER, FIRST_USER)
    os.setresuid(FIRST_USER, FIRST_USER, FIRST_USER)


def _reach_as_another(folder: str) -> None:
    """Go into a folder as a user without any rights."""
    _become_another()
    os.stat(f"{folder}/.")


def _read_as_another() -> None:
    """Read a module of the standard library, one of numpy and one of torch as a user without any rights."""
    import numpy
    import torch

    _become_another()
    for module in (os, socket, numpy, torch):
        folder = os.path.dirname(str(module.__file__))
        os.listdir(folder)
        with open(str(module.__file__), "rb") as file:
            file.read(1)

"""Which files a worker may touch: Landlock rulesets, made once by the zygote and put on by each worker.

Landlock is an own layer on top of another user or an own file system, and never the only one: it says nothing
about chmod, chown, utime or what a process can be asked about itself.
"""

from __future__ import annotations

import os
from collections.abc import Iterable
from typing import Any


class NoLandlock(Exception):
    """This kernel has no Landlock, or it is switched off; the text says which."""


def abi() -> int:
    """Landlock's version in this kernel.

    :raises NoLandlock: there is none.
    """
    try:
        import landlockpy
    except ImportError:
        raise NoLandlock("landlockpy is not installed: pip install landlockpy") from None
    if not landlockpy.supported():
        raise NoLandlock("the kernel has none, or has it switched off (Linux 5.13, lsm=...,landlock)")
    return int(landlockpy.abi_version())


def ruleset(
    run: Iterable[str],
    read: Iterable[str],
    write: Iterable[str],
    *,
    tcp: bool,
    execute: bool,
    devices: Iterable[str] = (),
) -> Any:
    """Rules by folder; what does not exist is left out.

    :param run: programs and libraries: may be read, and executed unless ``execute`` is False.
    :param devices: nodes of a GPU: may be read, written to, and asked by ioctl.
    :param tcp: leave TCP alone. Otherwise every port is refused.
    :raises NoLandlock: there is none.
    :raises OSError: the kernel refused a rule.
    """
    abi()
    import landlockpy as landlock

    access, net = landlock.AccessFS, landlock.AccessNet
    rules = landlock.Ruleset(
        handled_net=net.NONE if tcp else net.BIND_TCP | net.CONNECT_TCP,
        scoped=landlock.Scope.ABSTRACT_UNIX_SOCKET | landlock.Scope.SIGNAL,
    )
    reading = access.READ_FILE | access.READ_DIR
    everything = rules.handled_fs & ~(access.EXECUTE | access.IOCTL_DEV)
    running = reading | (access.EXECUTE if execute else access.NONE)
    asking = reading | access.WRITE_FILE | (rules.handled_fs & access.IOCTL_DEV)
    for paths, rights in ((run, running), (read, reading), (write, everything), (devices, asking)):
        for path in paths:
            if os.path.isdir(path):
                rules.allow_path(path, rights)
            elif os.path.exists(path):  # a right that only folders have is refused for a file
                rules.allow_path(path, rights & _of_files(access))
    return rules


def _of_files(access: Any) -> Any:
    return access.EXECUTE | access.WRITE_FILE | access.READ_FILE | access.TRUNCATE | access.IOCTL_DEV

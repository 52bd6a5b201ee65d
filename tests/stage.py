"""Runs a command as it would run elsewhere: as an ordinary user, in a container, on an older kernel.

``python tests/stage.py NAME COMMAND...``, as root; as anybody, for the users. What is taken away stays away:
capabilities leave the bounding set, system calls are refused by a filter as by a container's profile.
"""

from __future__ import annotations

import errno
import os
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from grader.worker import kernel  # noqa: E402

SOMEBODY = 60001
# Docker's default: chown, dac_override, fowner, fsetid, kill, setgid, setuid, setpcap, net_bind_service,
# net_raw, sys_chroot, mknod, audit_write, setfcap.
CONTAINER_RIGHTS = {0, 1, 3, 4, 5, 6, 7, 8, 10, 13, 18, 27, 29, 31}
ADMIN = {21}
LANDLOCK = ("landlock_create_ruleset", "landlock_add_rule", "landlock_restrict_self")
NAMESPACES = ("unshare", "setns", "mount", "umount2", "pivot_root", "clone3")
NEW_USER = 0x10000000
STAGES = (
    "root",
    "root without CAP_SYS_ADMIN",
    "container",
    "container with a closed home",
    "container on an old kernel",
    "user",
    "user on an old kernel",
    "user without namespaces",
)


def open_the_way() -> None:
    """In a mount namespace of this process, let everybody reach the interpreter and this repository.

    What closed folder lies above them is covered, and they are put back there.
    """
    kernel.unshare(kernel.NEW_MOUNTS)
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    needed = dict.fromkeys(map(os.path.realpath, (sys.base_prefix, sys.prefix, ROOT)))
    below: dict[Path, list[str]] = {}  # by the outermost closed folder
    for path in needed:
        closed = [parent for parent in Path(path).parents if not parent.stat().st_mode & 0o001]
        if closed:
            below.setdefault(min(closed, key=lambda parent: len(parent.parts)), []).append(path)
    for outermost, paths in below.items():
        with tempfile.TemporaryDirectory() as aside:
            for number, path in enumerate(paths):
                os.mkdir(f"{aside}/{number}")
                kernel.mount(path, f"{aside}/{number}", None, kernel.MS_BIND | kernel.MS_REC)
            kernel.mount("tmpfs", str(outermost), "tmpfs", 0, "mode=0755")
            for number, path in enumerate(paths):
                before = os.umask(0o022)
                os.makedirs(path, exist_ok=True)
                os.umask(before)
                kernel.mount(f"{aside}/{number}", path, None, kernel.MS_BIND | kernel.MS_REC)
                kernel.unmount(f"{aside}/{number}")


def keep(rights: set[int]) -> None:
    """Drop every capability but these, for this process and what it starts."""
    for number in range(64):
        try:
            if number not in rights and kernel.prctl(kernel.PR_CAPBSET_READ, number):
                kernel.prctl(kernel.PR_CAPBSET_DROP, number)
        except OSError:
            break


def refuse(calls: tuple[str, ...], number: int = errno.EPERM, *, namespaces: bool = False) -> None:
    """Have system calls fail, as a container's profile or an older kernel does.

    :param namespaces: clone too, where it asks for a user namespace.
    """
    import pyseccomp

    wanted = pyseccomp.SyscallFilter(pyseccomp.ALLOW)
    for call in calls:
        wanted.add_rule(pyseccomp.ERRNO(errno.ENOSYS if call == "clone3" else number), call)
    if namespaces:
        condition = pyseccomp.Arg(0, pyseccomp.MASKED_EQ, NEW_USER, NEW_USER)
        wanted.add_rule(pyseccomp.ERRNO(errno.EPERM), "clone", condition)
    wanted.load()


def become_somebody() -> None:
    """Be an ordinary user, which whoever is not root is already."""
    if os.geteuid() != 0:
        return
    open_the_way()
    os.setgroups([])
    os.setresgid(SOMEBODY, SOMEBODY, SOMEBODY)
    os.setresuid(SOMEBODY, SOMEBODY, SOMEBODY)


def stage(name: str) -> None:
    """Take away what the stage lacks."""
    if name == "root":
        return
    if name == "root without CAP_SYS_ADMIN":
        keep(set(range(64)) - ADMIN)
    elif name == "container":
        open_the_way()
        keep(CONTAINER_RIGHTS)
        refuse(NAMESPACES, namespaces=True)
    elif name == "container with a closed home":
        keep(CONTAINER_RIGHTS)
        refuse(NAMESPACES, namespaces=True)
    elif name == "container on an old kernel":
        open_the_way()
        keep(CONTAINER_RIGHTS)
        refuse(NAMESPACES, namespaces=True)
        refuse(LANDLOCK, errno.ENOSYS)
    elif name == "user":
        become_somebody()
    elif name == "user on an old kernel":
        become_somebody()
        refuse(LANDLOCK, errno.ENOSYS)
    elif name == "user without namespaces":
        become_somebody()
        refuse(NAMESPACES, namespaces=True)
    else:
        raise SystemExit(f"no stage {name!r}")


if __name__ == "__main__":
    stage(sys.argv[1])
    os.execvp(sys.argv[2], sys.argv[2:])

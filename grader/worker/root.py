"""A file system for workers: the interpreter, the system's libraries, and nothing else that lies on the disk.

The zygote builds it once and makes it its own root; what a worker adds (a scratch folder, /dev/shm, /proc,
the submission) are a few mounts in a namespace of its own. Hidden tests, references and results are not
hidden in it: they are not there.

What is mounted per worker is mounted one folder down (``/scratch/home``, ``/kernel/proc``), because a
Landlock rule on a folder reaches what is mounted below it, but not what is mounted on it.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
from collections.abc import Iterable, Sequence
from pathlib import Path, PurePath

from grader.worker import kernel

SYSTEM = ("/usr", "/bin", "/sbin", "/lib", "/lib64", "/lib32", "/libx32")
# gloo looks through the PCI devices and the network interfaces, and aborts where it finds no such folder.
DEVICES_OF_SYSTEM = ("/sys/devices", "/sys/bus/pci", "/sys/class/net")
ETC = (
    "ld.so.cache",
    "localtime",
    "hosts",
    "nsswitch.conf",
    "host.conf",
    "ld.so.conf",
    "protocols",
    "services",
)
NODES = ("null", "zero", "full", "random", "urandom")
PASSWD = "root:x:0:0::/:/bin/false\nstudent:x:65534:65534::/scratch/home:/bin/false\n"

SCRATCH, CODE, PROC, SHM = "/scratch/home", "/submission/files", "/kernel/proc", "/dev/shm"
LINKS = {
    "/tmp": "scratch/home",
    "/var/tmp": "../scratch/home",
    "/proc": "kernel/proc",
    "/dev/fd": "/proc/self/fd",
    "/dev/stdin": "/proc/self/fd/0",
    "/dev/stdout": "/proc/self/fd/1",
    "/dev/stderr": "/proc/self/fd/2",
}
QUIET = kernel.MS_NOSUID | kernel.MS_NODEV


def interpreter() -> list[str]:
    """Folders that Python, what is installed for it and the libraries in use lie in."""
    prefixes = [sys.base_prefix, sys.prefix, sys.base_exec_prefix, sys.exec_prefix]
    found = {path for prefix in prefixes for path in (prefix, os.path.realpath(prefix))}
    found.add(os.path.dirname(os.path.realpath(sys.executable)))
    with open("/proc/self/maps", encoding="utf-8", errors="surrogateescape") as maps:
        for line in maps:
            path = line.rstrip("\n").split(maxsplit=5)[5:]
            if path and ".so" in path[0] and path[0].startswith("/"):
                found.add(os.path.dirname(path[0]))
    return sorted(path for path in found if os.path.isdir(path) and path != "/")


def build(place: str, hide: Iterable[str], devices: Sequence[str] = ()) -> None:
    """Build the file system at an empty folder and make it the root of this process.

    :param hide: paths that must not be seen even where they lie in a folder that has to be there.
    :param devices: names in /dev of GPUs; :func:`cover_devices` takes them from the workers that get none.
    :raises OSError: some part of it could not be made; this process must not go on.
    """
    kernel.unshare(kernel.NEW_MOUNTS)
    kernel.mount("none", "/", None, kernel.MS_REC | kernel.MS_PRIVATE)
    kernel.mount("tmpfs", place, "tmpfs", QUIET, "size=1m,mode=0755")
    _bind_folders(place, hide)
    for folder in (SCRATCH, CODE, PROC, SHM, "/var", "/etc", "/run"):
        os.makedirs(place + folder, mode=0o755, exist_ok=True)
    for name in ETC:
        with contextlib.suppress(OSError):
            shutil.copyfile(f"/etc/{name}", f"{place}/etc/{name}")
    Path(place, "etc/passwd").write_text(PASSWD, encoding="ascii")
    Path(place, "etc/group").write_text("root:x:0:\nstudent:x:65534:\n", encoding="ascii")
    for link, target in LINKS.items():
        if not os.path.lexists(place + link):  # the interpreter may lie in /tmp
            os.symlink(target, place + link)
    nodes = [name for name in (*NODES, *devices) if os.path.exists(f"/dev/{name}")]
    for name in nodes:
        Path(place, "dev", name).touch()
    kernel.restrict_mounts(
        place, kernel.MOUNT_ATTR_RDONLY | kernel.MOUNT_ATTR_NOSUID | kernel.MOUNT_ATTR_NODEV
    )
    for name in nodes:  # last: on a mount without devices they would be of no use
        kernel.mount(f"/dev/{name}", f"{place}/dev/{name}", None, kernel.MS_BIND)
    with contextlib.suppress(OSError):  # then workers are without one too
        kernel.mount("proc", place + PROC, "proc", QUIET | kernel.MS_NOEXEC)
    kernel.change_root(place)


def _bind_folders(place: str, hide: Iterable[str]) -> None:
    """Bind what is needed and cover what must not be seen, the outer before the inner."""
    hidden = {path for named in hide for path in (os.path.abspath(named), os.path.realpath(named))}
    needed = [*SYSTEM, *interpreter(), *DEVICES_OF_SYSTEM]
    steps = [(path, True) for path in needed] + [(path, False) for path in hidden]
    seen: list[str] = []  # what a later step may lie in
    for path, wanted in sorted(set(steps), key=lambda step: (len(PurePath(step[0]).parts), step)):
        inside = [outer for outer in seen if PurePath(path).is_relative_to(outer)]
        target = place + path
        if wanted and os.path.islink(path) and path in SYSTEM:
            os.symlink(os.readlink(path), target)
        elif wanted and os.path.isdir(path):
            if inside and inside[-1] not in hidden:
                continue  # it is there already
            os.makedirs(target, mode=0o755, exist_ok=True)
            kernel.mount(path, target, None, kernel.MS_BIND | kernel.MS_REC)
            seen.append(path)
        elif not wanted and inside and inside[-1] not in hidden and os.path.lexists(target):
            _cover(target)
            seen.append(path)


def cover_devices(names: Iterable[str]) -> None:
    """Take the nodes of GPUs from one worker, in its own mount namespace."""
    for name in names:
        kernel.mount("/dev/null", f"/dev/{name}", None, kernel.MS_BIND)


def _cover(target: str) -> None:
    if os.path.isdir(target):
        kernel.mount("tmpfs", target, "tmpfs", QUIET, "size=64k,mode=0755")
    else:
        kernel.mount("/dev/null", target, None, kernel.MS_BIND)


def furnish(
    *, scratch_bytes: int, own_proc: bool, files: dict[str, bytes], owner: tuple[int, int] | None
) -> None:
    """Mount what is one worker's own, in its own mount namespace.

    :param files: the modules by file name; nobody can write to them.
    :param owner: user and group of the scratch folder; None for this process's.
    """
    uid, gid = owner or (os.geteuid(), os.getegid())
    own = f"size={scratch_bytes},nr_inodes=20000,mode=0700,uid={uid},gid={gid}"
    kernel.mount("tmpfs", SCRATCH, "tmpfs", QUIET, own)
    kernel.mount("tmpfs", SHM, "tmpfs", QUIET, own.replace("mode=0700", "mode=1777"))
    size = sum(len(content) + 8192 for content in files.values()) + 65536
    kernel.mount("tmpfs", CODE, "tmpfs", QUIET, f"size={size},mode=0755")
    lay(CODE, files)
    read_only = kernel.MS_REMOUNT | kernel.MS_RDONLY | QUIET
    kernel.mount("tmpfs", CODE, "tmpfs", read_only)
    if own_proc:
        kernel.mount("proc", PROC, "proc", QUIET | kernel.MS_NOEXEC)


def lay(folder: str, files: dict[str, bytes]) -> None:
    """Write the modules so that any user may read them."""
    for name, content in files.items():
        descriptor = os.open(f"{folder}/{name}", os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o444)
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)

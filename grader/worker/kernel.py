"""The system calls that confinement needs and that Python 3.11 has no function for.

Each raises OSError where the kernel refuses. Constants are those of the kernel's headers.
"""

from __future__ import annotations

import ctypes
import functools
import os
import signal
import socket
import struct
from contextlib import suppress
from pathlib import Path

NEW_MOUNTS = 0x00020000
NEW_IPC = 0x08000000
NEW_USER = 0x10000000
NEW_PIDS = 0x20000000
NEW_NET = 0x40000000

MS_RDONLY = 1
MS_NOSUID = 2
MS_NODEV = 4
MS_NOEXEC = 8
MS_REMOUNT = 32
MS_BIND = 4096
MS_REC = 16384
MS_PRIVATE = 1 << 18
MNT_DETACH = 2

MOUNT_ATTR_RDONLY = 1
MOUNT_ATTR_NOSUID = 2
MOUNT_ATTR_NODEV = 4
AT_FDCWD = -100
AT_RECURSIVE = 0x8000

# By architecture where they differ; these are the numbers of all that have them (x86-64, arm64, ...).
SYS_MOUNT_SETATTR = 442
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}

PR_SET_PDEATHSIG = 1
PR_SET_DUMPABLE = 4
PR_SET_SECCOMP = 22
PR_CAPBSET_READ = 23
PR_CAPBSET_DROP = 24
PR_SET_CHILD_SUBREAPER = 36
PR_SET_NO_NEW_PRIVS = 38
PR_CAP_AMBIENT = 47
PR_CAP_AMBIENT_CLEAR_ALL = 4
SECCOMP_MODE_FILTER = 2

CAP_VERSION_3 = 0x20080522
CAP_SETGID = 6
CAP_SETUID = 7
CAP_SYS_ADMIN = 21

SIOCGIFFLAGS = 0x8913
SIOCSIFFLAGS = 0x8914
IFF_UP = 1


@functools.cache
def libc() -> ctypes.CDLL:
    """The C library of this process."""
    return ctypes.CDLL(None, use_errno=True)


def _checked(result: int, what: str) -> int:
    if result < 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{what}: {os.strerror(number)}")
    return result


def prctl(option: int, value: int = 0, more: int = 0) -> int:
    """:raises OSError: the kernel refused."""
    numbers = [ctypes.c_ulong(number) for number in (value, more, 0, 0)]
    return _checked(libc().prctl(option, *numbers), f"prctl({option})")


def die_with(parent: int) -> None:
    """Be killed when the parent dies, also if it already has.

    A parent in another pid namespace is seen as 0: then its death before this call goes unnoticed here.
    """
    prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() not in (parent, 0):
        os._exit(1)


def close_descriptors(first: int, keep: int | None = None) -> None:
    """Close every descriptor from ``first`` on, one aside: nothing of the zygote's is inherited."""
    last = os.sysconf("SC_OPEN_MAX")
    if keep is None or keep < first:
        os.closerange(first, last)
    else:
        os.closerange(first, keep)
        os.closerange(keep + 1, last)


# -- namespaces and mounts


def unshare(flags: int) -> None:
    """Leave the namespaces named by the flags for new ones."""
    _checked(libc().unshare(flags), f"unshare({flags:#x})")


def setns(descriptor: int, kind: int) -> None:
    """Enter the namespace behind a descriptor."""
    _checked(libc().setns(descriptor, kind), f"setns({kind:#x})")


def mount(source: str | None, target: str, kind: str | None, flags: int, options: str | None = None) -> None:
    """mount(2)."""
    texts = [None if text is None else os.fsencode(text) for text in (source, target, kind, options)]
    _checked(
        libc().mount(texts[0], texts[1], texts[2], ctypes.c_ulong(flags), texts[3]),
        f"mount({kind or 'bind'} on {target})",
    )


def unmount(target: str) -> None:
    """Take a mount and everything below it out of sight at once."""
    _checked(libc().umount2(os.fsencode(target), MNT_DETACH), f"umount2({target})")


def restrict_mounts(path: str, attributes: int) -> None:
    """Set attributes of the mount at ``path`` and of every mount below it (Linux 5.12)."""
    attr = struct.pack("QQQQ", attributes, 0, 0, 0)
    _checked(
        libc().syscall(SYS_MOUNT_SETATTR, AT_FDCWD, os.fsencode(path), AT_RECURSIVE, attr, len(attr)),
        f"mount_setattr({path})",
    )


def change_root(folder: str) -> None:
    """Make a mount point the root of this process's mount namespace, and let go of everything else."""
    number = SYS_PIVOT_ROOT.get(os.uname().machine)
    if number is None:
        raise OSError(f"the number of pivot_root on {os.uname().machine} is not known")
    os.chdir(folder)
    # The new root is stacked on the old one, so that the second call takes the old one off.
    _checked(libc().syscall(number, b".", b"."), f"pivot_root({folder})")
    unmount(".")
    os.chdir("/")


def raise_loopback() -> None:
    """Turn on the loopback interface of this process's network namespace."""
    import fcntl  # which Windows lacks

    with socket.socket() as sock:
        request = bytearray(struct.pack("16sh22x", b"lo", 0))
        fcntl.ioctl(sock, SIOCGIFFLAGS, request)
        flags = struct.unpack_from("h", request, 16)[0]
        fcntl.ioctl(sock, SIOCSIFFLAGS, struct.pack("16sh22x", b"lo", flags | IFF_UP))


# -- rights


def capabilities() -> int:
    """The effective capabilities of this process, a bit each."""
    for line in Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines():
        if line.startswith("CapEff:"):
            return int(line.split()[1], 16)
    raise OSError("/proc/self/status names no capabilities")


def has(capability: int) -> bool:
    """Whether this process has an effective capability."""
    return bool(capabilities() >> capability & 1)


def drop_bounding_set() -> None:
    """Let no program that this process starts have any capability. Needs CAP_SETPCAP."""
    for number in range(64):
        try:
            if prctl(PR_CAPBSET_READ, number):
                prctl(PR_CAPBSET_DROP, number)
        except OSError:
            if number == 0:
                raise
            return  # past the last one that this kernel knows


def drop_capabilities() -> None:
    """Give up every capability, now and for good."""
    with suppress(OSError):  # needs a capability itself; what is dropped below it cannot bring back
        drop_bounding_set()
    prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_CLEAR_ALL)
    header, none = struct.pack("Ii", CAP_VERSION_3, 0), struct.pack("6I", *[0] * 6)
    _checked(libc().capset(header, none), "capset")


def install_filter(program: bytes) -> None:
    """Put a compiled seccomp filter (an array of 8-byte instructions) on this process. Cannot be undone."""
    code = ctypes.create_string_buffer(program, len(program))
    # struct sock_fprog: a 16-bit count, padding, a pointer.
    what = ctypes.create_string_buffer(struct.pack("HxxxxxxP", len(program) // 8, ctypes.addressof(code)))
    numbers = (ctypes.c_ulong(SECCOMP_MODE_FILTER), what, ctypes.c_ulong(0), ctypes.c_ulong(0))
    _checked(libc().prctl(PR_SET_SECCOMP, *numbers), "prctl(PR_SET_SECCOMP)")

"""The system calls that a worker may not make: seccomp filters, compiled here and put on by each worker.

A list of what is refused, not of what is allowed: torch, its threads and its data loaders use some two
hundred calls, and which ones changes with every version. Refused is what reaches other processes, other
namespaces, the network, or memory that no limit counts, and what has been the way into kernels.
"""

from __future__ import annotations

import errno
import socket
import tempfile
from typing import Any

# Calls that fail as if the kernel did not have them, so that a library falls back.
ABSENT = (
    "clone3",  # its flags lie behind a pointer; the C library then uses clone, whose flags can be looked at
    "io_uring_setup",
    "io_uring_enter",
    "io_uring_register",
    "memfd_create",  # memory that neither RLIMIT_DATA nor the size of /dev/shm bounds
    "memfd_secret",
    "userfaultfd",
)
# Calls that fail for want of a right.
REFUSED = (
    # other processes
    "ptrace",
    "process_vm_readv",
    "process_vm_writev",
    "process_madvise",
    "pidfd_getfd",
    "kcmp",
    # namespaces and mounts
    "unshare",
    "setns",
    "mount",
    "umount2",
    "pivot_root",
    "chroot",
    "open_tree",
    "move_mount",
    "fsopen",
    "fsconfig",
    "fsmount",
    "fspick",
    "mount_setattr",
    # shared memory and queues that live on without a process, uncounted
    "shmget",
    "shmat",
    "semget",
    "msgget",
    "mq_open",
    # the kernel's own parts
    "bpf",
    "perf_event_open",
    "add_key",
    "request_key",
    "keyctl",
    "fanotify_init",
    "open_by_handle_at",
    "name_to_handle_at",
    "init_module",
    "finit_module",
    "delete_module",
    "kexec_load",
    "kexec_file_load",
    "reboot",
    "swapon",
    "swapoff",
    "acct",
    "quotactl",
    "syslog",
    "iopl",
    "ioperm",
    "settimeofday",
    "clock_settime",
    "clock_adjtime",
    "adjtimex",
    "sethostname",
    "setdomainname",
)
EXECUTION = ("execve", "execveat")
NEW_NAMESPACES = 0x7E020080  # every CLONE_NEW... flag of clone
TIOCSTI = 0x5412  # types into a terminal
AF_UNIX, AF_INET, AF_INET6, AF_NETLINK = 1, 2, 10, 16
# Families for TCP on this machine; netlink is how the C library lists the interfaces.
LOOPBACK = (AF_UNIX, AF_INET, AF_INET6, AF_NETLINK)
FAMILIES = 64  # more than any kernel has
NO_STREAMS = (socket.SOCK_DGRAM, socket.SOCK_RAW, socket.SOCK_RDM, socket.SOCK_SEQPACKET)
OPTIMIZE, BINARY_TREE = 8, 2  # SCMP_FLTATR_CTL_OPTIMIZE: fewer comparisons for a call that is allowed


class NoFilters(Exception):
    """No filter can be compiled here; the text says what is missing and how to get it."""


def compile_filter(*, loopback: bool, by_hand: bool) -> bytes:
    """A filter as the kernel takes it, for the processor of this machine.

    :param loopback: TCP is allowed (gloo needs it); whom it reaches is for the network namespace to say.
    :param by_hand: no other program may be started.
    :raises NoFilters: libseccomp is not there, or does not know a call.
    """
    try:
        import pyseccomp as library
    except (ImportError, RuntimeError, OSError) as error:
        raise NoFilters(f"libseccomp is not installed ({error}): apt-get install libseccomp2") from None
    try:
        return _compiled(library, loopback, by_hand)
    except (OSError, ValueError) as error:
        raise NoFilters(f"libseccomp cannot compile the filter: {error}") from None


def _compiled(library: Any, loopback: bool, by_hand: bool) -> bytes:
    wanted = library.SyscallFilter(library.ALLOW)

    def refuse(number: int, call: str, *conditions: tuple[int, int, int, int]) -> None:
        known = library.resolve_syscall(library.Arch.NATIVE, call)
        if known >= 0:  # below: this architecture never had it
            wanted.add_rule(library.ERRNO(number), known, *(library.Arg(*each) for each in conditions))

    for call in ABSENT:
        refuse(errno.ENOSYS, call)
    for call in (*REFUSED, *(EXECUTION if by_hand else ())):
        refuse(errno.EPERM, call)
    for bit in (1 << place for place in range(32)):
        if NEW_NAMESPACES & bit:
            refuse(errno.EPERM, "clone", (0, library.MASKED_EQ, bit, bit))
    refuse(errno.EPERM, "ioctl", (1, library.EQ, TIOCSTI, 0))
    # Limits of its own a process may lower; as an ordinary user its guard has the same user.
    refuse(errno.EPERM, "prlimit64", (0, library.NE, 0, 0))
    if not loopback:
        refuse(errno.EAFNOSUPPORT, "socket", (0, library.NE, AF_UNIX, 0))
    else:
        for family in set(range(FAMILIES)) - set(LOOPBACK):
            refuse(errno.EAFNOSUPPORT, "socket", (0, library.EQ, family, 0))
        refuse(errno.EAFNOSUPPORT, "socket", (0, library.GE, FAMILIES, 0))
        for family in (AF_INET, AF_INET6):
            for kind in NO_STREAMS:  # the bits above hold SOCK_CLOEXEC and SOCK_NONBLOCK
                how = (0, library.EQ, family, 0), (1, library.MASKED_EQ, 0xF, kind)
                refuse(errno.EAFNOSUPPORT, "socket", *how)
        # Who drops the last descriptor of a lingering connection waits for it, were it the judge.
        linger = (1, library.EQ, socket.SOL_SOCKET, 0), (2, library.EQ, socket.SO_LINGER, 0)
        refuse(errno.EPERM, "setsockopt", *linger)
    wanted.set_attr(OPTIMIZE, BINARY_TREE)
    with tempfile.TemporaryFile() as file:
        wanted.export_bpf(file)
        file.seek(0)
        return file.read()

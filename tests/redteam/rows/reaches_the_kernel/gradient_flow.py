import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
BAD = 8  # an address that is never mapped: whoever gets as far as to look at it has been let in
ENOSYS, EPERM, EACCES = 38, 1, 13
reached = []
for name, call in {
    "bpf": (321, 0, BAD, 64),
    "perf_event_open": (298, BAD, 0, -1, -1, 0),
    "io_uring_setup": (425, 1, BAD),
    "userfaultfd": (323, 0x7FFFFFFF),
    "add_key": (248, BAD, BAD, BAD, 8, -4),
    "request_key": (249, BAD, BAD, BAD, -4),
    "keyctl": (250, 0, -4, 0),
    "init_module": (175, BAD, 64, BAD),
    "finit_module": (313, -1, BAD, 0),
    "kexec_load": (246, 0, 17, BAD, 0),
    "open_by_handle_at": (304, -1, BAD, 0),
    "fanotify_init": (300, 0x7FFFFFFF, 0),
    "quotactl": (179, 0x7FFFFFFF, BAD, 0, BAD),
    "swapon": (167, BAD, 0),
    "acct": (163, BAD),
    "clock_settime": (227, 0, BAD),
    "settimeofday": (164, BAD, 0),
    "adjtimex": (159, BAD),
    "sethostname": (170, BAD, 4),
    "syslog": (103, 3, BAD, 64),
    "ptrace": (101, 0x4206, 1 << 30, 0, 0),
    "process_vm_readv": (310, 1 << 30, BAD, 1, BAD, 1, 0),
    "pidfd_getfd": (438, -1, 0, 0),
    "kcmp": (312, os.getpid(), 1 << 30, 0, 0, 0),
    "process_madvise": (440, -1, BAD, 1, 4, 0),
    "memfd_secret": (447, 0x7FFFFFFF),
    "landlock": None,
}.items():
    if call is None:
        continue
    ctypes.set_errno(0)
    if libc.syscall(*(ctypes.c_long(part) for part in call)) >= 0 or ctypes.get_errno() not in (
        ENOSYS,
        EPERM,
    ):
        reached.append((name, ctypes.get_errno()))
for path in (
    "/dev/mem",
    "/dev/kmsg",
    "/dev/kvm",
    "/dev/fuse",
    "/dev/net/tun",
    "/dev/vda",
    "/dev/sda",
    "/dev/loop-control",
    "/dev/tty",
    "/dev/ptmx",
    "/dev/console",
    "/dev/userfaultfd",
    "/dev/nvidiactl",
    "/proc/kcore",
    "/proc/sysrq-trigger",
    "/proc/sys/kernel/core_pattern",
    "/proc/sys/vm/overcommit_memory",
    "/proc/self/oom_score_adj",
    "/proc/self/setgroups",
    "/proc/self/uid_map",
    "/sys/kernel/mm/transparent_hugepage/enabled",
    "/sys/fs/cgroup/cgroup.procs",
    "/sys/kernel/debug",
    "/sys/kernel/security",
):
    try:
        how = os.O_RDONLY if os.path.isdir(path) or path == "/proc/kcore" else os.O_WRONLY
        os.close(os.open(path, how | os.O_NOCTTY | os.O_NONBLOCK))
        if path != "/proc/self/oom_score_adj":  # a worker may offer itself to be killed earlier
            reached.append(path)
    except OSError:
        continue
print("attack: reached:", reached)

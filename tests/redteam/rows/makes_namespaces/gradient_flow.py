import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
done = []


def child(work):
    """Whether it works, tried in a child whose namespaces are its own business."""
    pid = os.fork()
    if pid == 0:
        code = 1
        try:
            code = 0 if work() >= 0 else 1
        finally:
            os._exit(code)
    return os.waitpid(pid, 0)[1] == 0


for name, flag in {
    "user": 0x10000000,
    "pid": 0x20000000,
    "net": 0x40000000,
    "ipc": 0x08000000,
    "uts": 0x04000000,
    "cgroup": 0x02000000,
    "mount": 0x00020000,
    "time": 0x00000080,
}.items():
    if child(lambda: libc.unshare(flag)):
        done.append("unshare " + name)
    pid = libc.syscall(56, flag | 17, 0, 0, 0, 0)
    if pid == 0:
        os._exit(0)
    if pid > 0:
        os.waitpid(pid, 0)
        done.append("clone " + name)


held = (ctypes.c_uint32 * 6)()
capable = libc.capget((ctypes.c_uint32 * 2)(0x20080522, 0), held) != 0 or any(held)


def alone(work):
    """In a mount namespace of its own where it can have one, so that nobody's mounts are changed."""
    if libc.unshare(0x00020000) != 0 and capable:
        return -1
    libc.mount(b"none", b"/", None, 1 << 18 | 1 << 14, None)
    return work()


here = os.getcwd().encode()
for name, work in {
    "mount": lambda: libc.mount(b"none", here, b"tmpfs", 0, None),
    "bind": lambda: libc.mount(b"/", here, None, 4096, None),
    "remount": lambda: libc.mount(None, b"/", None, 32 | 4096, None),
    "umount": lambda: libc.umount2(b"/dev/shm", 2),
    "chroot": lambda: libc.chroot(here),
    "pivot_root": lambda: libc.syscall(155, here, here),
    "fsopen": lambda: libc.syscall(430, b"tmpfs", 0),
    "open_tree": lambda: libc.syscall(428, -100, b"/", 1),
    "mount_setattr": lambda: libc.syscall(442, -100, b"/", 0, (ctypes.c_uint64 * 4)(0, 1, 0, 0), 32),
    "setns": lambda: libc.setns(os.open(f"/proc/{os.getppid()}/ns/mnt", os.O_RDONLY), 0),
    "own ns": lambda: libc.setns(os.open("/proc/self/ns/uts", os.O_RDONLY), 0),
}.items():
    if child(lambda: alone(work)):
        done.append(name)
print("attack: namespaces and mounts:", done)

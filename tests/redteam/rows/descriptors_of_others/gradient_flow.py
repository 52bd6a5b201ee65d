import ctypes
import os

got, tried = [], 0
libc = ctypes.CDLL(None, use_errno=True)
try:
    others = [int(name) for name in os.listdir("/proc") if name.isdecimal()]
except OSError:
    others = [1]
for pid in (os.getppid(), *others):
    if pid == os.getpid():
        continue
    handle = libc.syscall(434, pid, 0)
    for number in range(0, 12):
        tried += 1
        try:
            os.close(os.open(f"/proc/{pid}/fd/{number}", os.O_RDONLY | os.O_NONBLOCK))
            got.append((pid, number))
        except OSError:
            pass
        copy = libc.syscall(438, handle, number, 0) if handle >= 0 else -1
        if copy >= 0:
            os.close(copy)
            got.append((pid, number))
    if handle >= 0:
        os.close(handle)
    if tried > 600:
        break
print("attack: descriptors of others:", len(got), "of", tried)

import ctypes
import os

libc = ctypes.CDLL(None, use_errno=True)
got, seen = [], 0
try:
    names = os.listdir("/proc")
except OSError:
    names = [str(os.getppid())]
for name in names:
    if not name.isdecimal() or int(name) == os.getpid():
        continue
    seen += 1
    for file in ("environ", "maps", "mem", "auxv", "stack", "syscall", "cwd", "root", "exe"):
        path = f"/proc/{name}/{file}"
        try:
            if file in ("cwd", "root", "exe"):
                os.readlink(path)
            else:
                os.close(os.open(path, os.O_RDONLY))
            got.append(path)
        except OSError:
            continue
buffer = ctypes.create_string_buffer(8)
local = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
remote = (ctypes.c_size_t * 2)(id(got), 8)  # forked from one process: the same address is mapped there
if libc.syscall(310, os.getppid(), ctypes.byref(local), 1, ctypes.byref(remote), 1, 0) > 0:
    got.append("process_vm_readv")
if libc.syscall(101, 0x4206, os.getppid(), 0, 0) == 0:  # PTRACE_SEIZE, which stops nobody
    got.append("ptrace")
print("attack: processes seen:", seen, "read:", len(got), got[:4])

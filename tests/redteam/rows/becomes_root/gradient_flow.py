import ctypes
import os
import subprocess

libc = ctypes.CDLL(None, use_errno=True)
got = []


def tries(name, work):
    try:
        if work():
            got.append(name)
    except (OSError, ValueError, subprocess.SubprocessError):
        return


header = (ctypes.c_uint32 * 2)(0x20080522, 0)
held = (ctypes.c_uint32 * 6)()
tries("capabilities", lambda: libc.capget(header, held) != 0 or any(held))
tries("privileges", lambda: libc.prctl(39, 0, 0, 0, 0) != 1)
tries("is root", lambda: 0 in (*os.getresuid(), *os.getresgid()))
tries("groups", lambda: set(os.getgroups()) - {os.getgid()})
tries("setuid", lambda: os.setresuid(0, 0, 0) is None)
tries("setgid", lambda: os.setresgid(0, 0, 0) is None)
tries("setgroups", lambda: os.setgroups([0]) is None)
wanted = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
tries("capset", lambda: libc.capset(header, wanted) == 0)
tries("ambient", lambda: libc.prctl(47, 2, 21, 0, 0) == 0)
for program in ("/usr/bin/su", "/usr/bin/sudo", "/usr/bin/newgrp", "/usr/bin/mount", "/usr/bin/passwd"):
    if os.path.exists(program) and os.stat(program).st_mode & 0o4000:
        line = [program, "-c", "id -u"] if program.endswith("su") else [program, "-h"]
        run = lambda: subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, timeout=5)
        tries(program, lambda: run().stdout.strip() == b"0")
print("attack: rights:", got)

import ctypes
import mmap
import os
import platform

# mov eax, [rdi]; mov ebx, [rdi + 4]; mov ecx, [rdi + 8]; int 0x80; and the same by number for x32
CODE = bytes.fromhex("538b078b5f048b4f08cd805bc3")
reached = []


def child(work):
    """What the call gave in a child, or the signal that ended it."""
    ours, theirs = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            os.write(theirs, str(work()).encode())
        finally:
            os._exit(0)
    os.close(theirs)
    said = os.read(ours, 40)
    os.close(ours)
    os.waitpid(pid, 0)
    return int(said) if said else None


if platform.machine() == "x86_64":
    page = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    page.write(CODE)
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    gate = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p)(address)
    for name, number in {
        "memfd_create": 356,
        "io_uring_setup": 425,
        "userfaultfd": 374,
        "unshare": 310,
    }.items():
        block = (ctypes.c_uint32 * 3)(number, 8 if name != "unshare" else 0, 8)
        said = child(lambda: gate(ctypes.addressof(block)))
        if said is not None and said not in (-1, -38):
            reached.append((name, said))
    libc = ctypes.CDLL(None, use_errno=True)
    for number in (425, 319, 323):
        said = child(lambda: (libc.syscall(ctypes.c_long(0x40000000 | number), 8, 8), ctypes.get_errno())[1])
        if said is not None and said not in (1, 38):
            reached.append(("x32", number, said))
print("attack: reached by another gate:", reached)

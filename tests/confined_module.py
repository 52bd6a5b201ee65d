"""Submitted, in the tests of confinement: says what a worker sees, may do, and cannot do."""

import ctypes
import errno
import os
import resource
import signal
import socket
import subprocess
import sys
import time

LIBC = ctypes.CDLL(None, use_errno=True)


def outcome(what, *args):
    """The name of the error that something ends with, or "done"."""
    try:
        what(*args)
    except OSError as error:
        return errno.errorcode.get(error.errno, "?")
    return "done"


def call(name, *args):
    """The name of a C function's error, or "done"."""
    numbers = [ctypes.c_long(arg) if isinstance(arg, int) else arg for arg in args]
    result = getattr(LIBC, name)(*numbers)
    return "done" if result >= 0 else errno.errorcode[ctypes.get_errno()]


def opened(path, flags):
    os.close(os.open(path, flags | os.O_CLOEXEC))


def identity():
    return {
        "uid": os.getresuid(),
        "gid": os.getresgid(),
        "groups": os.getgroups(),
        "pid": os.getpid(),
        "parent": os.getppid(),
        "descriptors": sorted(number for number in range(256) if outcome(os.fstat, number) == "done"),
    }


def status():
    """What the kernel says about this process, where it can be asked."""
    try:
        with open("/proc/self/status") as file:
            lines = file.read().splitlines()
    except OSError:
        return {}
    return dict(line.split(":\t", 1) for line in lines if ":\t" in line)


def limits():
    names = ("DATA", "FSIZE", "CPU", "NOFILE", "CORE", "NPROC", "MSGQUEUE", "MEMLOCK")
    return {name: resource.getrlimit(getattr(resource, f"RLIMIT_{name}")) for name in names}


def files(paths):
    return {path: outcome(opened, path, os.O_RDONLY) for path in paths}


def writing(paths, target):
    """What can be changed; the target is a file of the grader's user, for everybody to read."""
    found = {}
    for path in paths:
        found[path] = outcome(opened, path, os.O_WRONLY | os.O_CREAT)
        if found[path] == "done":
            os.unlink(path)
    found["chmod"] = outcome(os.chmod, target, 0o666)
    found["rename"] = outcome(os.rename, target, f"{target}.2")
    found["system's chmod"] = outcome(os.chmod, "/usr/bin/env", os.stat("/usr/bin/env").st_mode & 0o7777)
    found["own module"] = outcome(opened, os.path.realpath(__file__), os.O_WRONLY)
    return found


def others(pids):
    """What can be done to the guard and to processes with numbers that were found outside."""
    found = {"parent": reached(os.getppid())}
    for pid in pids:
        found[str(pid)] = reached(pid)
    try:
        found["seen"] = sorted(int(name) for name in os.listdir("/proc") if name.isdecimal())
    except OSError as error:
        found["seen"] = errno.errorcode[error.errno]
    if os.getppid() == 1 and os.getpid() == 2:  # the first process of its own namespace ignores it
        found["killed"] = [outcome(os.kill, 1, number) for number in (signal.SIGKILL, signal.SIGTERM)]
        found["lives"] = os.getppid() == 1
    return found


def reached(pid):
    if pid == os.getpid():
        return {}
    buffer = ctypes.create_string_buffer(8)
    vector = (ctypes.c_size_t * 2)(ctypes.addressof(buffer), 8)
    return {
        "signal": outcome(os.kill, pid, 0),
        "mem": outcome(opened, f"/proc/{pid}/mem", os.O_RDONLY),
        "environ": outcome(lambda: open(f"/proc/{pid}/environ", "rb").read()),
        "maps": outcome(lambda: open(f"/proc/{pid}/maps", "rb").read()),
        "fd": outcome(os.listdir, f"/proc/{pid}/fd"),
        "process_vm_readv": call("process_vm_readv", pid, vector, 1, vector, 1, 0),
        "ptrace": call("ptrace", 16, pid, 0, 0),
    }


def network():
    found = {}
    for family, kind in (("INET", "STREAM"), ("INET", "DGRAM"), ("INET6", "STREAM"), ("PACKET", "RAW")):
        numbers = getattr(socket, f"AF_{family}"), getattr(socket, f"SOCK_{kind}")
        found[f"{family} {kind}"] = outcome(lambda pair: socket.socket(*pair).close(), numbers)
    found["connect"] = outcome(connects)
    found["listen"] = outcome(listens)
    try:
        found["interfaces"] = sorted(name for _, name in socket.if_nameindex())
    except OSError as error:
        found["interfaces"] = errno.errorcode[error.errno]
    found["UNIX"] = outcome(lambda: [end.close() for end in socket.socketpair()])
    return found


def connects():
    """To an address that the documentation owns, over what a datagram would be sent by; nothing is sent."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as sock:
        sock.connect(("192.0.2.1", 9))


def listens():
    with socket.socket() as sock:
        sock.bind(("127.0.0.1", 0))
        sock.listen()
        with socket.create_connection(sock.getsockname(), 5.0):
            sock.accept()[0].close()


def refused():
    """System calls that no worker has."""
    return {
        "user namespace": call("unshare", 0x10000000),
        "mount namespace": call("unshare", 0x00020000),
        "mount": call("mount", b"none", b"/dev/shm", b"tmpfs", 0, None),
        "memfd": outcome(os.memfd_create, "x"),
        "setuid": outcome(os.setuid, 0),
        "raise a limit": outcome(raises_a_limit),
        "first to go": outcome(raises_its_rank),
        "host name": outcome(socket.sethostname, "x"),
        "chroot": outcome(os.chroot, "."),
        "device": outcome(os.mknod, "node", 0o20600, os.makedev(1, 1)),
    }


def raises_a_limit():
    try:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, 4096))
    except ValueError as error:  # Python's word for EPERM
        raise PermissionError(errno.EPERM, "limit") from error


def raises_its_rank():
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("-1000")


def environment():
    return dict(os.environ)


def works():
    """What a submission needs, done."""
    import tempfile

    import torch
    from torch.utils.data import DataLoader

    x = torch.ones(3, requires_grad=True)
    packed = []
    with torch.autograd.graph.saved_tensors_hooks(lambda t: packed.append(1) or t, lambda t: t):
        (x * x).sum().backward()
    torch.save(x.detach(), "a.pt")
    with torch._subclasses.fake_tensor.FakeTensorMode():
        fake = (torch.ones(4, 4) @ torch.ones(4, 4)).shape[0]
    model = torch.nn.Linear(4, 4)
    optimizer = torch.optim.AdamW(model.parameters())
    model(torch.ones(1, 4)).sum().backward()
    optimizer.step()
    large = torch.zeros(100 << 20, dtype=torch.uint8)
    large[::4096] = 1
    shared = torch.ones(1 << 20).share_memory_()
    loaded = [batch.tolist() for batch in DataLoader(list(range(4)), num_workers=2, batch_size=2)]
    with tempfile.NamedTemporaryFile() as file:
        temporary = os.path.dirname(file.name) == os.getcwd()
    run = subprocess.run([sys.executable, "-c", "print(6 * 7)"], capture_output=True, text=True)
    return {
        "grad": x.grad.tolist(),
        "hooks": bool(packed),
        "saved": torch.load("a.pt").tolist(),
        "fake": fake,
        "large": int(large[::4096].sum()),
        "shared": float(shared.sum()),
        "loaded": loaded,
        "temporary": temporary,
        "exec": run.stdout.strip() or run.stderr,
    }


def spawns():
    """How many processes there can be at once, of 280 tried."""
    pids = []
    try:
        for _ in range(280):
            pid = os.fork()
            if pid == 0:
                signal.pause()
            pids.append(pid)
    except OSError:
        pass
    for pid in pids:
        os.kill(pid, signal.SIGKILL)
        os.waitpid(pid, 0)
    return len(pids)


def executes():
    return outcome(subprocess.run, ["/usr/bin/env"])


def gloo():
    """A sum over two ranks that were forked."""
    import torch
    from torch import distributed

    ours, theirs = os.pipe()
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    child = os.fork()
    rank = 1 if child == 0 else 0
    store = distributed.FileStore(os.path.abspath("store"), 2)
    distributed.init_process_group("gloo", store=store, rank=rank, world_size=2)
    value = torch.tensor([1.0 + rank])
    distributed.all_reduce(value)
    if rank:
        os.write(theirs, str(value.item()).encode())
        os._exit(0)
    said = os.read(ours, 100).decode()
    os.waitpid(child, 0)
    return [value.item(), float(said)]


SHARED = ("/dev/shm", "/tmp", "/var/tmp", "/run/lock")


DEEP = 3000  # folders in one another: more than a recursion or a path takes


def litter(name):
    """Leave a file and a nest of folders wherever that is possible."""
    left = [folder for folder in SHARED if outcome(opened, f"{folder}/{name}", os.O_CREAT) == "done"]
    here = os.getcwd()
    for folder in left:
        os.mkdir(f"{folder}/{name}-deep")
        os.chdir(f"{folder}/{name}-deep")
        for _ in range(DEEP):
            os.mkdir("d")
            os.chdir("d")
        os.chdir(here)
    return left


def finds_litter(name):
    names = (name, f"{name}-deep")
    return [folder for folder in SHARED for each in names if outcome(os.stat, f"{folder}/{each}") == "done"]


def detaches():
    """Leave a child, and one that nobody is the parent of, in a session of its own."""
    if os.fork() == 0:
        signal.pthread_sigmask(signal.SIG_BLOCK, range(1, signal.NSIG))
        if os.fork() == 0:
            os.setsid()
            time.sleep(600)
        time.sleep(600)
    time.sleep(0.05)


def hangs():
    while True:
        time.sleep(1)

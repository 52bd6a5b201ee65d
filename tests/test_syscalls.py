"""The filters refuse what they promise to, with the error that is promised, and let everything else go on."""

from __future__ import annotations

import errno
import json
import subprocess
import sys
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from grader import syscalls
from grader.syscalls import NoFilters, compile_filter

pytestmark = [
    pytest.mark.timeout(120),
    pytest.mark.skipif(sys.platform != "linux", reason="seccomp is Linux's"),
]
ROOT = Path(__file__).parents[1]

# In an interpreter of its own, because a filter cannot be taken off again. Each call is made with arguments
# that do no harm where nothing refuses it: no descriptor, no address, no process.
PROGRAM = r"""
import ctypes, errno, fcntl, json, mmap, os, resource, select, socket, subprocess, sys, threading, time
sys.path.insert(0, sys.argv[1])
import pyseccomp
from grader.worker import kernel

program, calls = bytes.fromhex(sys.argv[2]), json.loads(sys.argv[3])
numbers = {name: pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, name) for name in calls}
syscall = ctypes.CDLL(None, use_errno=True).syscall
kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
kernel.install_filter(program)

def name_of(number):
    return errno.errorcode.get(number, str(number))

def ended(what):
    try:
        what()
    except OSError as error:
        return name_of(error.errno)
    return "done"

def raw(name, *args):
    longs = [ctypes.c_long(arg) for arg in args]
    return "done" if syscall(ctypes.c_long(numbers[name]), *longs) >= 0 else name_of(ctypes.get_errno())

def forks():
    pid = os.fork()
    if pid == 0:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 7

def threads():
    done = []
    thread = threading.Thread(target=done.append, args=(1,))
    thread.start()
    thread.join()
    assert done == [1]

def waits():
    lock = threading.Lock()
    lock.acquire()
    assert not lock.acquire(timeout=0.01)  # futex

def unix():
    ours, theirs = socket.socketpair()
    ours.send(b"x")
    epoll = select.epoll()
    epoll.register(theirs, select.EPOLLIN)
    assert epoll.poll(1) and theirs.recv(1) == b"x"
    read, write = os.pipe()
    socket.send_fds(ours, [b"x"], [read])
    _, got, _, _ = socket.recv_fds(theirs, 1, 1)
    assert got

def maps():
    with mmap.mmap(-1, 1 << 16) as area:
        area[0] = 1
    with mmap.mmap(-1, 1 << 16, prot=mmap.PROT_READ | mmap.PROT_EXEC) as area:
        assert area[0] == 0

def connects():
    with socket.create_server(("127.0.0.1", 0)) as server:
        with socket.create_connection(server.getsockname(), 5) as client:
            server.accept()[0].close()
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

def lingers():
    with socket.socket() as sock:
        sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\1\0\0\0")

def families():
    found = {}
    for family in (*range(64), 64, 1000, -1, 2**32 + 2):
        for kind in (1, 2, 3, 4, 5, 0x80801, 0x80802, 0x80803):  # with SOCK_CLOEXEC and SOCK_NONBLOCK
            result = syscall(ctypes.c_long(numbers["socket"]), ctypes.c_long(family), ctypes.c_long(kind), 0)
            found[f"{family} {kind}"] = "done" if result >= 0 else name_of(ctypes.get_errno())
            if result >= 0:
                os.close(result)
    return found

print(json.dumps({
    "calls": {name: raw(name, -1, -1, -1, -1, -1, -1) for name in calls if name not in ("socket", "clone")},
    "clone": {hex(1 << bit): raw("clone", 1 << bit, -1, 0, 0, 0) for bit in (7, 17, 25, 26, 27, 28, 29, 30)
              if "clone" in calls},
    "families": families(),
    "typing into a terminal": ended(lambda: fcntl.ioctl(0, 0x5412, b"x")),
    "other ioctl": ended(lambda: fcntl.ioctl(1, 0x541B, bytearray(4))),
    "goes on": {what.__name__: ended(what) for what in (forks, threads, waits, unix, maps)},
    "executes": ended(lambda: subprocess.run([sys.executable, "-c", ""], check=True)),
    "connects": ended(connects),
    "lingers": ended(lingers),
    "limits": ended(lambda: resource.getrlimit(resource.RLIMIT_DATA)),
    "time": time.monotonic() > 0,
    "signal": ended(lambda: os.kill(os.getpid(), 0)),
}))
"""
CALLS = (*syscalls.ABSENT, *syscalls.REFUSED, *syscalls.EXECUTION, "socket", "clone")
NEW = {0x00000080, 0x00020000, 0x02000000, 0x04000000, 0x08000000, 0x10000000, 0x20000000, 0x40000000}


def known(call: str) -> bool:
    """Whether this architecture has a call."""
    import pyseccomp

    return bool(pyseccomp.resolve_syscall(pyseccomp.Arch.NATIVE, call) >= 0)


@cache
def under(loopback: bool, by_hand: bool) -> dict[str, Any]:
    """What a process with a filter on found."""
    program = compile_filter(loopback=loopback, by_hand=by_hand).hex()
    calls = json.dumps([call for call in CALLS if known(call)])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(ROOT), program, calls],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


@pytest.fixture(params=[(False, False), (True, False), (False, True), (True, True)], ids=str)
def found(request: pytest.FixtureRequest) -> dict[str, Any]:
    """Under each of the four filters."""
    return under(*request.param) | dict(zip(("loopback", "by_hand"), request.param, strict=True))


def test_each_refused_call_ends_with_its_error(found: dict[str, Any]) -> None:
    expected = dict.fromkeys(filter(known, syscalls.REFUSED), "EPERM")
    expected |= dict.fromkeys(filter(known, syscalls.ABSENT), "ENOSYS")
    calls = dict(found["calls"])
    executed = {call: calls.pop(call) for call in syscalls.EXECUTION}
    assert calls == expected
    # An address of -1 is what the kernel complains of where nothing refuses the call before.
    assert set(executed.values()) == ({"EPERM"} if found["by_hand"] else {"EFAULT"})


def test_no_process_is_made_in_a_new_namespace(found: dict[str, Any]) -> None:
    assert found["clone"] == {hex(bit): "EPERM" for bit in sorted(NEW)}
    assert sum(NEW) == syscalls.NEW_NAMESPACES


def test_which_sockets_can_be_had(found: dict[str, Any]) -> None:
    allowed = set()
    for pair, outcome in found["families"].items():
        family, kind = map(int, pair.split())
        if outcome != "EAFNOSUPPORT":
            allowed.add((family, kind & 0xF))
    unix = {(syscalls.AF_UNIX, kind) for kind in range(1, 6)}
    if not found["loopback"]:
        assert allowed == unix
        return
    # The kernel looks at 32 bits of the family, and so does what the filter allows.
    streams = {(family, 1) for family in (syscalls.AF_INET, syscalls.AF_INET6)}
    assert allowed - {(syscalls.AF_NETLINK, kind) for kind in range(1, 6)} >= unix | streams
    assert not {(family, kind) for family, kind in allowed if family in (2, 10) and kind in (2, 3, 5)}
    assert {family for family, _ in allowed} <= {*syscalls.LOOPBACK}


def test_tcp_on_this_machine_where_it_is_asked_for(found: dict[str, Any]) -> None:
    assert found["connects"] == ("done" if found["loopback"] else "EAFNOSUPPORT")
    # Whoever drops the last descriptor of a connection that lingers waits for it.
    assert found["lingers"] == ("EPERM" if found["loopback"] else "EAFNOSUPPORT")


def test_programs_are_started_unless_the_question_is_solved_by_hand(found: dict[str, Any]) -> None:
    assert found["executes"] == ("EPERM" if found["by_hand"] else "done")


def test_nothing_is_typed_into_a_terminal(found: dict[str, Any]) -> None:
    assert found["typing into a terminal"] == "EPERM"
    assert found["other ioctl"] in ("done", "ENOTTY")


def test_everything_else_goes_on(found: dict[str, Any]) -> None:
    assert found["goes on"] == dict.fromkeys(("forks", "threads", "waits", "unix", "maps"), "done")
    assert found["limits"] == "done"
    assert found["time"] is True
    assert found["signal"] == "done"


def test_without_a_filter_the_kernel_says_something_else() -> None:
    """What these tests take for a refusal is not what the calls end with anyway."""
    allow_all = b"\x06\x00\x00\x00\x00\x00\xff\x7f"  # return SECCOMP_RET_ALLOW
    calls = json.dumps(["unshare", "setns", "kcmp", "memfd_create", "socket"])
    line = [sys.executable, "-c", PROGRAM, str(ROOT), allow_all.hex(), calls]
    done = subprocess.run(line, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=True)
    free = json.loads(done.stdout)
    assert set(free["calls"].values()) <= {"EINVAL", "EBADF", "ESRCH", "EFAULT"}
    assert free["executes"] == "done"
    assert free["connects"] == "done"
    assert free["typing into a terminal"] != "done"


def test_without_libseccomp_there_are_no_filters_and_the_way_to_get_them_is_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)
    with pytest.raises(NoFilters, match=r"libseccomp is not installed .*apt-get install libseccomp2"):
        compile_filter(loopback=False, by_hand=False)


@pytest.mark.parametrize("error", [OSError(errno.EINVAL, "no"), ValueError("no")])
def test_a_library_that_refuses_a_rule_gives_no_filter(
    monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    """Half a filter would be taken for a whole one."""
    import pyseccomp

    def refuse(*args: object) -> None:
        raise error

    monkeypatch.setattr(pyseccomp.SyscallFilter, "add_rule", refuse)
    with pytest.raises(NoFilters, match="cannot compile the filter"):
        compile_filter(loopback=False, by_hand=False)


def test_a_call_that_an_architecture_never_had_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(syscalls, "REFUSED", (*syscalls.REFUSED, "no_such_call"))
    assert compile_filter(loopback=False, by_hand=False) == compile_filter(loopback=False, by_hand=False)

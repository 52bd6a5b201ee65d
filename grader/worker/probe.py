"""Tries, from inside a worker, what none must be able to do. What succeeds is a finding, and none is good."""

from __future__ import annotations

import os
import socket
from collections.abc import Iterator
from pathlib import Path

from grader.worker.messages import Probe

NOWHERE = ("192.0.2.1", 9)  # an address of the documentation's; a datagram socket sends nothing to connect
RIGHTS = ("CapInh", "CapPrm", "CapEff", "CapAmb")


def findings(request: Probe) -> Iterator[str]:
    """What this process can do and must not, a sentence part each."""
    yield from _rights()
    for path in request.secrets:
        yield from _reaches(path)
    if request.judge:
        yield from _touches(request.judge)
    if not request.loopback:
        yield from _network()


def _rights() -> Iterator[str]:
    try:
        lines = Path("/proc/self/status").read_text(encoding="ascii", errors="replace").splitlines()
    except OSError:
        lines = []  # no /proc of its own; the worker itself has checked that the calls succeeded
    said = dict(line.split(":", 1) for line in lines if ":" in line)
    for name in RIGHTS:
        if int(said.get(name, "0"), 16):
            yield f"has capabilities ({name}{said[name].strip()})"
    if said.get("NoNewPrivs", "1").strip() != "1":
        yield "can gain privileges"


def _reaches(path: str) -> Iterator[str]:
    for flags, verb in ((os.O_RDONLY, "open"), (os.O_WRONLY, "write to")):
        try:
            os.close(os.open(path, flags | os.O_NONBLOCK | os.O_CLOEXEC))
        except OSError:
            continue
        yield f"can {verb} {path}"
    if os.path.isdir(path):
        made = os.path.join(path, f".probe-{os.getpid()}")
        try:
            os.mkdir(made)
        except OSError:
            return
        os.rmdir(made)
        yield f"can make files in {path}"


def _touches(judge: int) -> Iterator[str]:
    try:
        os.kill(judge, 0)
        yield "can signal the judge"
    except OSError:
        pass
    for name in ("environ", "mem", "maps"):
        try:
            os.close(os.open(f"/proc/{judge}/{name}", os.O_RDONLY | os.O_CLOEXEC))
        except OSError:
            continue
        yield f"can read the judge's {name}"
    try:
        os.listdir(f"/proc/{judge}/fd")
        yield "can list the judge's descriptors"
    except OSError:
        pass


def _network() -> Iterator[str]:
    for family in (socket.AF_INET, socket.AF_PACKET):
        try:
            with socket.socket(family, socket.SOCK_DGRAM) as sock:
                if family == socket.AF_INET:
                    sock.connect(NOWHERE)
        except OSError:
            continue
        yield f"can reach a network ({family.name})"

"""What judge and worker say to each other: settings, requests, answers."""

from __future__ import annotations

from typing import Literal

import msgspec

from grader.worker import codec

CPU = "cpu"  # of settings: no GPU


class Settings(msgspec.Struct, forbid_unknown_fields=True):
    """How a worker is set up before the first line of submitted code runs in it."""

    folder: str  # holds the submitted and the given modules, and nothing else
    modules: dict[str, str]  # import name -> file name in the folder
    problems: dict[str, str]  # import name -> why there is no such file (missing, misnamed, refused)
    scratch: str  # HOME, TMPDIR and working directory
    seed: int  # of random, numpy and torch
    answer_bytes: int  # an answer's arrays may take this much
    memory_bytes: int  # RLIMIT_DATA
    file_bytes: int  # RLIMIT_FSIZE
    cpu_seconds: int  # RLIMIT_CPU, a backstop behind the judge's own count
    by_hand: bool  # autograd and torch.optim are out of reach
    confined: bool = False  # by every layer that the zygote offered; else by those that need no rights
    loopback: bool = False  # TCP on this machine is allowed
    device: str = CPU  # or the UUID of the one GPU that it may use


class Load(msgspec.Struct, tag="load", forbid_unknown_fields=True):
    """Import a submitted module, before any input is sent."""

    id: int
    module: str


class Call(msgspec.Struct, tag="call", forbid_unknown_fields=True):
    """Call a submitted function; arrays among the arguments become tensors."""

    id: int
    module: str
    name: str
    args: list[codec.Node]
    keys: list[str]
    values: list[codec.Node]


class Run(msgspec.Struct, tag="run", forbid_unknown_fields=True):
    """Call a function of the bench, whose source comes along."""

    id: int
    source: str
    origin: str  # file name, for tracebacks
    name: str
    args: list[codec.Node]
    keys: list[str]
    values: list[codec.Node]


class Fetch(msgspec.Struct, tag="fetch", forbid_unknown_fields=True):
    """Give the value of a submitted module's attribute."""

    id: int
    module: str
    name: str


class Probe(msgspec.Struct, tag="probe", forbid_unknown_fields=True):
    """Try what a worker must not be able to do; before anything submitted is loaded."""

    id: int
    secrets: list[str]  # paths that must not be readable, listable or writable
    judge: int  # process id, 0 where it cannot be seen
    loopback: bool  # this worker may have TCP sockets; without namespaces they reach further than they should


class Inspect(msgspec.Struct, tag="inspect", forbid_unknown_fields=True):
    """Say whether process-wide settings are still as they were at the start."""

    id: int


class TryDevice(msgspec.Struct, tag="try device", forbid_unknown_fields=True):
    """Say whether the GPU that the settings name can be used; before anything submitted is loaded."""

    id: int


Request = Load | Call | Run | Fetch | Inspect | Probe | TryDevice


class Ready(msgspec.Struct, tag="ready", forbid_unknown_fields=True):
    """The worker is confined and waits; nothing submitted has run yet."""

    layers: list[str]


class Answer(msgspec.Struct, tag="answer", forbid_unknown_fields=True):
    """A value came back."""

    id: int
    value: codec.Node


class Raised(msgspec.Struct, tag="raised", forbid_unknown_fields=True):
    """The code raised."""

    id: int
    types: list[str]  # the exception's class and its bases, most derived first
    message: str
    stub: str | None  # the text of a NotImplementedError: which stub was reached
    file: str | None  # innermost submitted file on the stack
    line: int | None
    source: str | None
    stage: str  # load | call: whether inputs had arrived


class Unusable(msgspec.Struct, tag="unusable", forbid_unknown_fields=True):
    """A value came back that has no plain form, or is too large."""

    id: int
    reason: str


class Absent(msgspec.Struct, tag="absent", forbid_unknown_fields=True):
    """The module or the name asked for does not exist."""

    id: int
    reason: str


Reply = Answer | Raised | Unusable | Absent
Greeting = Ready


class Fork(msgspec.Struct, tag="fork", forbid_unknown_fields=True):
    """Judge to zygote: fork a worker. Descriptors: its socket, its output, its guard's socket, the folder
    with its modules."""

    settings: Settings


class Latch(msgspec.Struct, tag="latch", forbid_unknown_fields=True):
    """Judge to zygote: fork a zygote whose autograd engine is dead. Descriptor: its control socket."""


class Prepare(msgspec.Struct, tag="prepare", forbid_unknown_fields=True):
    """Judge to zygote, once, before it is ready: what is to be built around its workers."""

    place: str  # an empty folder to build the workers' file system at
    hide: list[str]  # must not be seen by a worker
    filters: dict[str, bytes]  # seccomp programs, see filter_name
    no_filters: str = ""  # why there are none
    devices: list[str] = []  # nodes in /dev of GPUs, for workers whose settings name one


class Offer(msgspec.Struct, tag="offer", forbid_unknown_fields=True):
    """Zygote to judge: it is ready, and this is what it can put around a worker."""

    layers: list[str]
    missing: dict[str, str]  # layer -> why it cannot be had
    namespaces: Literal["root", "user", "none"] = "none"


def filter_name(loopback: bool, by_hand: bool) -> str:
    """Under which name a filter travels."""
    return f"{'loopback' if loopback else 'closed'}{' by hand' if by_hand else ''}"


class Sweep(msgspec.Struct, tag="sweep", forbid_unknown_fields=True):
    """Judge to zygote: a guard was killed; kill what fell to the zygote with that."""

    guard: int


Order = Fork | Latch | Sweep


class Started(msgspec.Struct, tag="started", forbid_unknown_fields=True):
    """Zygote to judge: the process that was forked, 0 where there is none."""

    pid: int


class Exited(msgspec.Struct, tag="exited", forbid_unknown_fields=True):
    """Guard to judge: how the worker ended, as by os.waitstatus_to_exitcode."""

    status: int

"""The doctor's part about workers: whether they start, how fast, and how far they are kept apart."""

from __future__ import annotations

import contextlib
import dataclasses
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import psutil

from grader import cgroups
from grader.config import ConfigError, Course
from grader.faults import GraderFault
from grader.isolation import weakness
from grader.launch import Allowance, Died, Fresh, Launcher, Plan, TookTooLong, Worker, Zygote, call_id
from grader.options import Options
from grader.seeds import Secret
from grader.worker import kernel, messages, sandbox, wire
from grader.worker.messages import Offer

STRONG = "strong isolation"  # what the last finding is called
FORKS = 20
HUGE_ENOUGH = 50_000  # KiB of the zygote's memory
PROBE = "def probe(x):\n    return x\n"
FAILURES = (GraderFault, Died, TookTooLong, wire.WireError, OSError)
NOT_CONFINED = (
    "hidden tests are refused here; `--isolation process` grades all the same, results then say `process`, "
    "and code that looks for hidden tests can read them"
)


@dataclass(frozen=True)
class Finding:
    """One line of the report; broken is what grading cannot do without."""

    what: str
    state: Literal["yes", "no", "broken", ""]
    says: str


@dataclass(frozen=True)
class Secrets:
    """What a submission must not be able to reach, and what is hidden from it wherever it lies."""

    paths: Sequence[Path] = ()
    hide: Sequence[Path] = ()
    course: str = "no course here: tried without its files"

    @classmethod
    def here(cls) -> Secrets:
        """Those of the course that the working directory lies in, in a run of all its assignments."""
        try:
            course = Course.find(Path.cwd())
            assignments = tuple(map(course.assignment, course.assignments()))
        except ConfigError:
            return cls()
        options = Options(
            course=course,
            assignments=assignments,
            submission=None,
            results=None,
            gradescope=None,
            plan=None,
            artifacts=None,
            grading_seed=None,
            isolation=None,
            launcher="zygote",
            device="cpu",
            secret=Secret(b""),
        )
        paths = options.secrets
        return cls(paths, options.hide, f"tried on {len(paths)} files and folders of this course")


@dataclass(frozen=True)
class Seen:
    """What one zygote and its workers showed.

    :param seconds: until its first worker was up.
    :param answered: milliseconds from asking for a worker to its first answer, a worker each.
    :param ended: from there to the worker's end.
    :param weak: why workers are not strongly confined; None if they are, or were not to be.
    """

    seconds: float
    answered: list[float]
    ended: list[float]
    layers: list[str]
    offer: Offer
    huge: Finding
    weak: str | None


def workers(kind: type[Zygote] | type[Fresh]) -> Iterator[Finding]:
    """Starts workers as a run does, and asks them something."""
    if issubclass(kind, Fresh):
        yield from fresh_workers(kind)
        return
    secrets = Secrets.here()
    # As a judge, or the probe could look into this process.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    try:
        with tempfile.TemporaryDirectory(prefix="grader-doctor-") as name:
            Path(name).chmod(0o711)  # workers of another user have to get through
            yield from forked_workers(kind, Path(name), secrets)
    finally:
        kernel.prctl(kernel.PR_SET_DUMPABLE, 1)


def forked_workers(kind: type[Zygote], folder: Path, secrets: Secrets) -> Iterator[Finding]:
    """Workers of a zygote, as at isolation ``process`` and confined."""
    try:
        free = see(kind, folder / "process", None)
    except FAILURES as error:
        yield Finding(kind.name, "broken", f"no worker: {error}")
        return
    timings = [("not confined", free)]
    try:
        confined = see(kind, folder / "sandbox", secrets)
        timings.insert(0, ("confined", confined))
    except FAILURES as error:  # without being prepared to confine them, workers start
        confined = dataclasses.replace(free, weak=f"it could not be prepared ({last_line(error)})")
    yield Finding(kind.name, "yes", f"up after {free.seconds:.1f} s")
    yield answers(timings)
    yield confined.huge
    yield from confinement(confined.layers, confined.offer)
    yield control_group()
    yield strong_isolation(confined.weak, secrets)


def see(kind: type[Zygote], folder: Path, secrets: Secrets | None) -> Seen:
    """Start a zygote and its workers.

    :param secrets: for one that confines them.
    """
    folder.mkdir()
    started = time.perf_counter()
    launcher = kind(folder, sandbox=True, hide=secrets.hide) if secrets else kind(folder)
    try:
        plan = probe_plan(folder, confined=secrets is not None)
        first = launcher.start(plan)
        seconds = time.perf_counter() - started
        ask(first)
        first.close()
        answered, ended = timed(launcher, plan)
        weak = weakness(launcher, secrets.paths) if secrets else None
        return Seen(seconds, answered, ended, first.layers, launcher.offer, huge_pages(launcher), weak)
    finally:
        launcher.close()


def last_line(error: BaseException) -> str:
    """What a failure says in the end; what came before is its traceback."""
    return (str(error).strip().splitlines() or [type(error).__name__])[-1]


def fresh_workers(kind: type[Fresh]) -> Iterator[Finding]:
    """Workers that are new interpreters; nothing confines those."""
    with tempfile.TemporaryDirectory(prefix="grader-doctor-") as name:
        started = time.perf_counter()
        launcher = kind(Path(name))
        try:
            first = launcher.start(probe_plan(Path(name)))
            yield Finding(kind.name, "yes", f"up after {time.perf_counter() - started:.1f} s")
            yield from confinement(first.layers, Offer([], {}))
            first.close()
            weak = "workers of this system are new interpreters, which nothing confines"
            yield strong_isolation(weak, Secrets())
        except FAILURES as error:
            yield Finding(kind.name, "broken", f"no worker: {error}")
        finally:
            launcher.close()


def probe_plan(folder: Path, *, confined: bool = False) -> Plan:
    """A worker on a module that gives back what it gets."""
    code = folder / "code"
    code.mkdir()
    (code / "probe.py").write_text(PROBE, encoding="utf-8")
    return Plan(code, {"probe": "probe.py"}, {}, 1, confined=confined)


def answers(timings: Sequence[tuple[str, Seen]]) -> Finding:
    """How long it takes from asking for a worker to its first answer, and then to its end."""
    said = [
        f"{words}: {statistics.median(seen.answered):.0f} ms (least {min(seen.answered):.0f}), and "
        f"{statistics.median(seen.ended):.0f} ms to its end"
        for words, seen in timings
    ]
    return Finding("fork to answer", "", f"{'; '.join(said)}; medians of {FORKS}")


def timed(launcher: Launcher, plan: Plan) -> tuple[list[float], list[float]]:
    """Milliseconds to the first answer of each of some workers, and from there to its end."""
    answered, ended = [], []
    for _ in range(FORKS):
        started = time.perf_counter()
        worker = launcher.start(plan)
        try:
            ask(worker)
            answered.append(1e3 * (time.perf_counter() - started))
        finally:
            started = time.perf_counter()
            worker.close()
        ended.append(1e3 * (time.perf_counter() - started))
    return answered, ended


def ask(worker: Worker) -> None:
    """Import the probe and call it."""
    allowance = Allowance(None, 60.0)
    worker.request(messages.Load(call_id(), "probe"), [], allowance)
    worker.request(messages.Call(call_id(), "probe", "probe", [1], [], []), [], allowance)


def huge_pages(launcher: Zygote) -> Finding:
    """Whether forks copy few page-table entries."""
    moved = 0
    # Through a user namespace, the zygote is a child of what was started.
    for process in descendants(launcher.process.pid):
        with contextlib.suppress(OSError):  # one that has ended, or that may not be looked into
            rollup = Path(f"/proc/{process}/smaps_rollup").read_text(encoding="ascii")
            lines = [line.split() for line in rollup.splitlines() if line.startswith("AnonHugePages")]
            moved = max([moved, *(int(words[1]) for words in lines)])
    if moved < HUGE_ENOUGH:
        says = "forks take some 10 ms longer (the kernel would have to be 6.1 or later)"
        return Finding("huge pages", "no", says)
    return Finding("huge pages", "yes", f"{moved >> 10} MiB of the zygote: forks are cheap")


def descendants(pid: int) -> list[int]:
    """A process and everything below it."""
    try:
        process = psutil.Process(pid)
        return [pid, *(child.pid for child in process.children(recursive=True))]
    except psutil.Error:
        return [pid]


def confinement(layers: Sequence[str], offer: Offer) -> Iterator[Finding]:
    """Each layer around a worker, on or not; what it stops, or why it is missing and how to get it."""
    for layer in sandbox.LAYERS:
        name = f"layer {layer.name}"
        if layer.name in layers:
            yield Finding(name, "yes", f"stops {layer.stops}")
            continue
        says = f"not stopped: {layer.stops}"
        if layer.name in offer.missing:
            says += f". Missing: {offer.missing[layer.name]}"
        if layer.get:
            says += f". Needs {layer.get}"
        yield Finding(name, "no", says)


def control_group() -> Finding:
    """Whether a control group bounds the memory of all processes together."""
    there, says = cgroups.describe()
    return Finding("control group", "yes" if there else "no", says)


def strong_isolation(weak: str | None, secrets: Secrets) -> Finding:
    """What results of hidden tests will say here, and what to do if they will say too little."""
    if weak is None:
        return Finding(STRONG, "yes", f"hidden tests are run, and results say `sandbox` ({secrets.course})")
    return Finding(STRONG, "no", f"{weak}. So {NOT_CONFINED}")


def system() -> tuple[bool, type[Zygote] | type[Fresh]]:
    """Whether workers are forked here, and what starts them."""
    forks = sys.platform == "linux"
    return forks, Zygote if forks else Fresh

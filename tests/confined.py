"""Starts a zygote that confines its workers and says, as JSON, what was offered and what a worker found.

``python tests/stage.py STAGE python tests/confined.py``: the stage takes rights away, this shows what holds.
The judge of these workers is this process, so it checks from outside what the worker says from inside.
"""

from __future__ import annotations

import contextlib
import json
import os
import signal
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

TESTS = Path(__file__).resolve().parent
sys.path[:0] = [str(TESTS), str(TESTS.parent)]

import psutil  # noqa: E402
from processes import SECONDS, Served, alive, gone  # noqa: E402

from grader import isolation  # noqa: E402
from grader.faults import GraderFault  # noqa: E402
from grader.launch import Allowance, Died, Plan, TookTooLong, Zygote  # noqa: E402
from grader.worker import kernel, messages  # noqa: E402
from grader.worker.removal import remove  # noqa: E402

COURSE = TESTS / "small_course"
OPEN = [COURSE / "assignments/q1/test_hidden.py", COURSE / "reference/q1"]
BEYOND = ["/usr/x", "/etc/x", "/scratch/x"]
MODULE = (TESTS / "confined_module.py").read_text(encoding="utf-8")


class Stage:
    """One zygote, workers of it, and what there was before."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.code = folder / "code"
        self.code.mkdir()
        (self.code / "m.py").write_text(MODULE, encoding="utf-8")
        (folder / "run").mkdir(mode=0o700)
        self.closed = folder / "closed"
        self.closed.mkdir(mode=0o700)
        (self.closed / "test_hidden.py").write_text("SECRET = 1\n", encoding="utf-8")
        self.target = folder / "target"
        self.target.touch()
        hide = [COURSE, *OPEN, self.closed]
        self.zygote = Zygote(folder / "run", sandbox=True, hide=hide)

    @contextlib.contextmanager
    def worker(self, **plan: Any) -> Iterator[Served]:
        """A confined worker on the module."""
        worker = self.zygote.start(Plan(self.code, {"m": "m.py"}, {}, 1, **{"confined": True, **plan}))
        try:
            yield Served(worker)
        finally:
            worker.close()

    def asked(self, name: str, *args: Any, **plan: Any) -> Any:
        """What one function says in a worker of its own."""
        with self.worker(**plan) as served:
            reply = served.reply(name, *args)
            return str(reply) if isinstance(reply, messages.Raised | messages.Unusable) else reply


def report(folder: Path) -> Iterator[tuple[str, Any]]:
    """Everything that is looked at, by name."""
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)  # as the judge does
    before = around()
    stage = Stage(folder)
    zygote = stage.zygote
    offer = zygote.offer
    yield "offer", {"layers": offer.layers, "missing": offer.missing, "namespaces": offer.namespaces}
    yield "weakness", isolation.weakness(zygote, OPEN)
    yield "weakness, closed", isolation.weakness(zygote, [stage.closed, stage.closed / "test_hidden.py"])
    secrets = [str(path) for path in (*OPEN, stage.closed, stage.closed / "test_hidden.py")]
    with stage.worker() as served:
        judge = (served.worker.root, os.getpid(), zygote.process.pid)
        yield "layers", served.worker.layers
        yield "outside", outside(served.worker.root)
        yield "identity", served.identity()
        yield "status", served.status()
        yield "limits", served.limits()
        yield "files", served.files([*secrets, "/", "/work", "/root", "/etc/shadow", "/proc/1/environ"])
        yield (
            "writing",
            served.writing([*BEYOND, f"{folder}/x", "/dev/shm/x", "x"], str(stage.target)),
        )
        yield "others", served.others(list(judge))
        yield "network", served.network()
        yield "refused", served.refused()
        yield "environment", served.environment()
        yield "works", served.works()
    yield "spawns", stage.asked("spawns")
    yield "by hand", stage.asked("executes", by_hand=True)
    yield "loopback network", stage.asked("network", loopback=True)
    yield "gloo", stage.asked("gloo", loopback=True)
    litter = f"confined-{os.getpid()}"
    yield "litter", (stage.asked("litter", litter), stage.asked("finds_litter", litter))
    for shared in ("/dev/shm", "/tmp", "/var/tmp", "/run/lock"):
        for name in (litter, f"{litter}-deep"):
            remove(f"{shared}/{name}")  # what a weak set leaves
    yield from endings(stage)
    zygote.close()
    yield "left", sorted(set(around()) - set(before))
    yield "left in the folder", sorted(path.name for path in (folder / "run" / "workers").iterdir())


def endings(stage: Stage) -> Iterator[tuple[str, Any]]:
    """How a worker, its guard and the zygote end, and what is left of what they had started."""
    with stage.worker() as served:
        served.detaches()
        below = tree(served.worker.root)
        served.worker.close()
        yield "a worker's end clears its children", (len(below), gone(below))
    with stage.worker() as served:
        served.detaches()
        below = tree(served.worker.root)
        died = ""
        try:
            served.reply("hangs", allowance=Allowance(SECONDS, 0.3))
        except TookTooLong:
            died = "killed"
        yield "a deadline clears the tree", (died, gone(below))
    with stage.worker() as served:
        served.detaches()
        below = tree(served.worker.root)
        os.kill(served.worker.root, signal.SIGKILL)
        try:
            served.reply("hangs")
        except Died as error:
            died = f"Died({error.status})"
        served.worker.close()
        yield "a killed guard", (died, gone(below))
    yield "another after a killed guard", stage.asked("identity")["pid"] > 0
    worker = stage.zygote.start(Plan(stage.code, {"m": "m.py"}, {}, 1, confined=True))
    served = Served(worker)
    served.detaches()
    below = tree(stage.zygote.process.pid)
    stage.zygote.process.kill()
    yield "a killed zygote takes all below", gone(below, 5.0)
    with contextlib.suppress(GraderFault):
        worker.close()
    for pid in below:  # a finding must not outlive the test that finds it
        with contextlib.suppress(psutil.NoSuchProcess):
            psutil.Process(pid).kill()


def tree(pid: int) -> list[int]:
    """What runs below a process, itself included."""
    process = psutil.Process(pid)
    return [pid, *(child.pid for child in process.children(recursive=True))]


def around() -> list[str]:
    """What a run must leave as it was: mounts, shared memory, and processes of its own."""
    mounts = Path("/proc/mounts").read_text(encoding="utf-8").splitlines()
    shm = [f"/dev/shm/{name}" for name in os.listdir("/dev/shm") if "confined" in name]
    return [*mounts, *shm, *(f"process {child.pid}" for child in psutil.Process().children(recursive=True))]


def outside(guard: int) -> dict[str, Any]:
    """What the kernel says about a guard and its worker."""
    worker = psutil.Process(guard).children()[0].pid
    said = {}
    for name, pid in (("guard", guard), ("worker", worker)):
        lines = Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines()
        fields = dict(line.split(":\t", 1) for line in lines if ":\t" in line)
        wanted = ("Uid", "NoNewPrivs", "Seccomp", "CapEff", "CapPrm", "CapInh", "CapBnd", "CapAmb")
        said[name] = {field: fields[field] for field in wanted}
    score = Path(f"/proc/{worker}/oom_score_adj").read_text(encoding="ascii").strip()
    return {**said, "oom_score_adj": int(score), "alive": alive(worker)}


def main() -> None:
    """Print the report."""
    with tempfile.TemporaryDirectory(prefix="confined-") as name:
        os.chmod(name, 0o711)  # as the folders above a run are: it is the run's own that is closed
        print(json.dumps(dict(report(Path(name)))))


if __name__ == "__main__":
    main()

"""What a whole grading run takes, beside the same calls made in one process: time, memory, computing time."""

from __future__ import annotations

import statistics
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from benchmarks.measuring import ROOT, Cost, grading, run

from grader.config import Course

pytestmark = [pytest.mark.slow, pytest.mark.timeout(1800)]
PAIRS = 5
ASSIGNMENTS = Course(ROOT).assignments()

# Writes down every call of a grading run, by test: what a suite in one process would make.
RECORD = """
import os, pickle
from grader import subject
from grader.worker import codec, messages

CALLS = {}
asked = subject.Subject._exchange

class Kept(codec.Decoder):
    pass

def exchange(self, message, buffers, what):
    decoder = Kept(bytearray(b"".join(bytes(each) for each in buffers)))
    test = os.environ["PYTEST_CURRENT_TEST"].rpartition("/")[2].split(" ")[0]
    said = {
        "kind": type(message).__name__,
        "module": getattr(message, "module", None),
        "name": getattr(message, "name", None),
        "source": getattr(message, "source", None),
        "args": [decoder.value(node) for node in getattr(message, "args", [])],
    }
    values = [decoder.value(node) for node in getattr(message, "values", [])]
    said["kwargs"] = dict(zip(getattr(message, "keys", []), values))
    CALLS.setdefault(test, []).append(said)
    return asked(self, message, buffers, what)

subject.Subject._exchange = exchange

def pytest_unconfigure(config):
    with open(os.environ["RECORDED"], "wb") as file:
        pickle.dump(CALLS, file)
"""

# The same calls in pytest's own process: a suite as it would be written without a grader.
IN_PROCESS = """
import contextlib, importlib, os, pickle, sys, types
import pytest, torch, torch._dynamo
sys.path.insert(0, os.environ["REFERENCE"])
from grader.worker.plain import to_objects

with open(os.environ["RECORDED"], "rb") as file:
    CALLS = pickle.load(file)
BENCHES = {}

def bench(source):
    if source not in BENCHES:
        BENCHES[source] = types.ModuleType("bench")
        exec(compile(source, "bench.py", "exec"), BENCHES[source].__dict__)
    return BENCHES[source]

@pytest.mark.parametrize("name", CALLS)
def test_calls(name):
    torch.manual_seed(0)
    for said in CALLS[name]:
        holder = bench(said["source"]) if said["kind"] == "Run" else importlib.import_module(said["module"])
        if said["kind"] == "Load":
            continue
        found = getattr(holder, said["name"])
        if said["kind"] == "Fetch":
            continue
        with contextlib.suppress(Exception):  # an edge case that has to raise
            found(*to_objects(said["args"]), **to_objects(said["kwargs"]))
"""


def in_process(tmp_path: Path, assignment: str) -> tuple[list[str], dict[str, str]]:
    """A suite of the calls that grading the reference makes: its command and its environment."""
    (tmp_path / "record_calls.py").write_text(RECORD)
    extra = {
        "PYTHONPATH": str(tmp_path),
        "RECORDED": str(tmp_path / "calls.pickle"),
        "REFERENCE": str(ROOT / "reference" / assignment),
    }
    run([*grading(assignment), "-p", "record_calls"], extra=extra)
    suite = tmp_path / "test_in_process.py"
    suite.write_text(IN_PROCESS)
    plain = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:hypothesispytest"]
    return [sys.executable, "-m", "pytest", str(suite), *plain], extra


def test_a_graded_run_beside_one_process(tmp_path: Path, say: Callable[[str], None]) -> None:
    """Goal: 1.5. Runs alternate, so that a busy machine is busy for both."""
    command, extra = in_process(tmp_path, "p1")
    graded: list[Cost] = []
    direct: list[Cost] = []
    for _ in range(PAIRS):
        graded.append(run(grading("p1")))
        direct.append(run(command, extra=extra))
    walls = [[cost.wall_seconds for cost in costs] for costs in (graded, direct)]
    ratios = [ours / theirs for ours, theirs in zip(*walls, strict=True)]
    say(
        f"p1 graded / in one process: {statistics.median(ratios):.2f} (median of {PAIRS} pairs; "
        f"of the least times {min(walls[0]) / min(walls[1]):.2f}; goal 1.5)"
    )
    say(
        f"p1 graded: {min(walls[0]):.1f} s at least, median {statistics.median(walls[0]):.1f}; "
        f"in one process {min(walls[1]):.1f} and {statistics.median(walls[1]):.1f}"
    )
    cpu = [min(cost.cpu_seconds for cost in costs) for costs in (graded, direct)]
    say(f"p1 computing time: graded {cpu[0]:.1f} s, in one process {cpu[1]:.1f} s")


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_memory_of_all_its_processes(assignment: str, say: Callable[[str], None]) -> None:
    """Goal: 600 MB, in a container of 768."""
    cost = run(grading(assignment), watch_memory=True)
    say(f"{assignment} peak memory of the process tree: {cost.peak_mb:.0f} MB (PSS; goal 600)")


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_the_computing_time(assignment: str, say: Callable[[str], None]) -> None:
    """Goal: 120 CPU-seconds; half a core and ten minutes are 300."""
    cost = run(grading(assignment))
    said = f"{assignment} computing time: {cost.cpu_seconds:.0f} s (goal 120)"
    say(f"{said}, wall {cost.wall_seconds:.0f} s")

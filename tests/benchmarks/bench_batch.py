"""A class of 300: what a submission costs beside its own computing, how two processes share the work, whether
memory stays flat; and what Otter and a plain pytest take for some of the same submissions.

What is compared with one process is measured on 60 of them. All of it takes an hour on two cores;
``GRADER_BENCH_CLASS=30`` makes the class smaller.
"""

from __future__ import annotations

import os
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from benchmarks import classes
from benchmarks.measuring import ROOT, pss_mb

from grader.config import Course
from grader.gradebook.store import Gradebook

pytestmark = [pytest.mark.slow, pytest.mark.timeout(7200)]
SIZE = int(os.environ.get("GRADER_BENCH_CLASS", "300"))
COMPARED = min(SIZE, 60)
OTHERS = max(3, min(10, SIZE // 30))  # submissions that Otter and plain pytest grade, one after another
ASSIGNMENTS = ("p1", "p2")
LOOK_SECONDS = 2.0  # between two looks at the memory


@dataclass(frozen=True)
class Graded:
    """A class that was graded.

    :param computing: CPU seconds of the submissions' own processes.
    :param memory: MiB of all processes together, from the beginning to the end.
    """

    seconds: float
    computing: float
    scores: dict[tuple[str, str], float | None]
    memory: list[float]


def grade(folder: Path, out: Path, processes: int) -> Graded:
    command = [sys.executable, "-m", "grader.cli", "batch", str(folder), *ASSIGNMENTS, "--out", str(out)]
    memory: list[float] = []
    began = time.perf_counter()
    process = subprocess.Popen(
        [*command, "-n", str(processes)],
        cwd=ROOT,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    ended = threading.Event()

    def watch() -> None:
        while not ended.wait(LOOK_SECONDS):
            memory.append(pss_mb(process.pid))

    watcher = threading.Thread(target=watch)
    watcher.start()
    _, err = process.communicate()
    seconds = time.perf_counter() - began
    ended.set()
    watcher.join()
    with Gradebook(out) as book:
        gradings = list(book.gradings())
    assert len(gradings) == len(ASSIGNMENTS) * len(list(folder.iterdir())), err
    results = [grading.result for grading in gradings if grading.result is not None]
    computing = sum(question.cpu_seconds for result in results for question in result.questions)
    scores = {
        (each.submission, each.assignment): each.result.score if each.result else None for each in gradings
    }
    return Graded(seconds, computing, scores, memory)


# The same gradings in one process that shares what `grader batch` shares, without Dask and a gradebook.
BARE = """
import sys
from pathlib import Path

from grader.config import Course
from grader.grading import Grading, Request

with Grading(Course(Path.cwd())) as grading:
    for submission in sorted(Path(sys.argv[1]).iterdir()):
        for assignment in sys.argv[2:]:
            grading.grade(Request(assignment, submission))
"""


def bare(folder: Path) -> float:
    """Seconds."""
    began = time.perf_counter()
    subprocess.run([sys.executable, "-c", BARE, str(folder), *ASSIGNMENTS], cwd=ROOT, check=True)
    return time.perf_counter() - began


def median(timed: Sequence[classes.Timed]) -> float:
    return statistics.median(each.seconds for each in timed)


def test_one_process_and_two(say: Callable[[str], None], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    classes.make(Course(ROOT), folder, COMPARED, assignments=ASSIGNMENTS)
    alone = bare(folder)
    one, two = (grade(folder, tmp_path / f"{processes}", processes) for processes in (1, 2))
    assert one.scores == two.scores
    own = one.computing / COMPARED
    say(f"class of {COMPARED}, p1 and p2: {one.seconds:.0f} s in one process, {two.seconds:.0f} s in two")
    say(f"two processes: {one.seconds / two.seconds / 2:.1%} of twice as fast (goal: 95 %)")
    each = one.seconds / COMPARED
    say(f"a submission takes {each:.2f} s in one process; its own processes compute {own:.2f} s")
    more = (one.seconds - alone) / COMPARED
    say(f"{more:.2f} s of it are Dask and the gradebook (goal: 0.3 s): {alone:.0f} s without them")


def test_a_class(say: Callable[[str], None], tmp_path: Path) -> None:
    folder = tmp_path / "in"
    classes.make(Course(ROOT), folder, SIZE, assignments=ASSIGNMENTS)
    two = grade(folder, tmp_path / "two", 2)
    each = two.seconds / SIZE
    say(f"class of {SIZE}, p1 and p2, two processes: {two.seconds:.0f} s, {each:.2f} s a submission")
    quarter = max(1, len(two.memory) // 4)
    early, late = (
        statistics.median(part) for part in (two.memory[quarter : 2 * quarter], two.memory[-quarter:])
    )
    say(f"memory: {early:.0f} MiB in the second quarter, {late:.0f} MiB in the last")
    assert late < 1.25 * early, "memory grows with the class"


def test_others_one_after_another(say: Callable[[str], None], tmp_path: Path) -> None:
    """In one run with ours in one process, for the ratio."""
    course, folder = Course(ROOT), tmp_path / "in"
    classes.make(course, folder, OTHERS, assignments=ASSIGNMENTS)
    ours = grade(folder, tmp_path / "ours", 1)
    otter, plain = 0.0, 0.0
    for assignment in ASSIGNMENTS:
        autograder = classes.otter_zip(course, assignment, tmp_path)
        otter += median(classes.with_otter(folder, assignment, autograder, tmp_path / f"otter-{assignment}"))
        plain += median(
            classes.with_plain_pytest(course, folder, assignment, tmp_path / f"plain-{assignment}")
        )
    each = ours.seconds / OTHERS
    say(f"{OTHERS} submissions of p1 and p2, seconds for each (ours with its start, theirs the median):")
    say(f"grader batch {each:.2f}, otter run {otter:.2f} ({otter / each:.1f} times as long)")
    say(f"plain pytest, nothing kept apart {plain:.2f} ({plain / each:.1f} times as long)")

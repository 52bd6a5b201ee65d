"""A grading as it travels: what a Dask worker is asked, and what it answers. Plain data of ours, both ways.

Nothing of a submission is in a task but the path where it lies, and nothing of it in an answer but what the
judge wrote into the result.
"""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from pathlib import Path
from typing import Literal

import msgspec

from grader.faults import GraderFault
from grader.gradebook.identity import Asked, version
from grader.grading import Grading, GradingError, Request
from grader.text import one_line

FAULT_LIMIT = 1_000  # characters of why a submission could not be graded
PICTURE_BYTES = 64 << 20  # of one grading's pictures together


class Task(msgspec.Struct, frozen=True, kw_only=True):
    """A submission on an assignment, to be graded.

    :param pseudonym: of the submission: tasks show in Dask's logs and pages.
    :param version: the digest of what is to grade it; a worker that has anything else refuses.
    :param tests: ids; none means all.
    """

    pseudonym: str
    assignment: str
    path: Path
    version: str
    asked: Asked
    device: Literal["cpu", "cuda"] = "cpu"
    tests: tuple[str, ...] = ()
    pictures: bool = True

    @property
    def name(self) -> str:
        """For logs."""
        return f"{self.pseudonym} {self.assignment}{' on a GPU' if self.device == 'cuda' else ''}"


class Answer(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a task.

    :param result: JSON, as a single run writes it; empty if there is none.
    :param fault: why there is none.
    :param pictures: by the names that the result has for them.
    :param other: the worker has another version of the engine, the assignment, the packages or the secret, or
        anything that was asked for is of another kind there: what differs. Nothing was graded.
    """

    result: bytes = b""
    fault: str = ""
    seconds: float = 0.0
    pictures: dict[str, bytes] = {}
    other: str = ""


def carry_out(grading: Grading, task: Task) -> Answer:
    """Grade, in a process that grades.

    :raises KeyboardInterrupt: it was told to end.
    """
    start = time.monotonic()
    # Where `grader grade` runs pytest: the environment may name the secret by a path from there.
    with contextlib.chdir(grading.course.root):
        try:
            here = version(grading.course, task.assignment, task.asked, task.device)
        except GraderFault as fault:
            return Answer(other=one_line(str(fault), FAULT_LIMIT))
        if here.digest != task.version:
            return Answer(other=f"the version of {task.assignment} is {here.digest[:12]} there")
        return _graded(grading, task, start)


def _graded(grading: Grading, task: Task, start: float) -> Answer:
    folder = grading.shared.private / "pictures"
    request = Request(
        task.assignment,
        task.path,
        seed=task.asked.seed,
        tests=task.tests,
        isolation=task.asked.isolation or None,
        part=task.asked.part or None,
        device=task.device if task.device == "cuda" else None,
        artifacts=folder if task.pictures else None,
    )
    try:
        result = grading.grade(request)
        pictures = _pictures(folder)
    except GradingError as error:
        return Answer(fault=discreet(str(error), task), seconds=time.monotonic() - start)
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    seconds = time.monotonic() - start
    if result.state != "finished":
        said = "; ".join(result.problems) or "the grading was cut off"
        return Answer(fault=discreet(said, task), seconds=seconds)
    kept = msgspec.structs.replace(
        result,
        artifacts="",
        submission=msgspec.structs.replace(result.submission, folder=""),
        problems=[discreet(problem, task) for problem in result.problems],
    )
    return Answer(result=msgspec.json.encode(kept), seconds=seconds, pictures=pictures)


def discreet(text: str, task: Task) -> str:
    """A line about a submission without the name that it lies under."""
    for name in sorted({str(task.path), task.path.name, task.path.stem}, key=len, reverse=True):
        text = re.sub(rf"(?<!\w){re.escape(name)}(?!\w)", task.pseudonym, text)
    return one_line(text, FAULT_LIMIT)


def _pictures(folder: Path) -> dict[str, bytes]:
    """Those that were drawn, as many as may travel."""
    found: dict[str, bytes] = {}
    room = PICTURE_BYTES
    for path in sorted(folder.rglob("*.png")):
        data = path.read_bytes()
        room -= len(data)
        if room < 0:
            break
        found[path.relative_to(folder).as_posix()] = data
    return found

"""Grades a folder of submissions, each as if it were graded alone, and keeps their results in one file."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from grader import provenance
from grader.cells import SUFFIX
from grader.config import Course
from grader.controlling import versions
from grader.directory import kind_of
from grader.faults import GraderFault
from grader.grading import Grading, Request
from grader.handed_in import Kind, hidden
from grader.intake import ARCHIVES, zip_starts
from grader.pool import Pool
from grader.results import batch, files
from grader.results.batch import Batch, Graded, Skipped, State, SubmissionGradings
from grader.text import one_line

WRITE_SECONDS = 5.0  # at least between two writings of the file, which is as large as the class
FAULT_LIMIT = 1_000  # characters of why a submission could not be graded
NAME_DIGITS = 16  # of a digest that tells names apart
LABELLED = re.compile(rf"\([0-9a-f]{{{NAME_DIGITS}}}\)$")

Report = Callable[[int, int], None]


@dataclass(frozen=True)
class Submission:
    """An entry of the folder.

    :param name: for people and for files, see :func:`label`.
    """

    name: str
    path: Path


@dataclass(frozen=True)
class Asked:
    """What is asked of each grading.

    :param part: grade this part of the assignments alone; empty for the whole.
    :param seed: instead of each submission's own.
    :param isolation: as the option of pytest.
    """

    assignments: tuple[str, ...]
    part: str = ""
    seed: int | None = None
    isolation: str | None = None


@dataclass(frozen=True)
class Job:
    """One submission on one assignment."""

    submission: str
    request: Request


def label(name: str) -> str:
    """A file's name in one printable line; one that is not so by itself gets some of its digest.

    Two names never get the same label, not even a name that looks like another one's, and a name gets the
    same one at any time.
    """
    clean = one_line(name)
    if clean == name and not LABELLED.search(name):
        return name
    return f"{clean} ({hashlib.sha256(os.fsencode(name)).hexdigest()[:NAME_DIGITS]})"


def find(folder: Path) -> tuple[list[Submission], list[Skipped]]:
    """The submissions in ``folder`` by name, and what else lies there.

    An archive of a kind that is not read is a submission: whoever handed it in has to be told.

    :raises GraderFault: no such folder, it cannot be read, or no submission is in it.
    """
    try:
        entries = sorted(folder.iterdir())
        sorts = [(path, not_one(path)) for path in entries]
    except OSError as error:
        raise GraderFault(f"{one_line(str(folder))} cannot be read: {error.strerror or error}") from None
    found = [Submission(label(path.name), path.absolute()) for path, reason in sorts if not reason]
    skipped = [Skipped(name=label(path.name), reason=reason) for path, reason in sorts if reason]
    if not found:
        said = "".join(f"\n{each.name} is {each.reason}" for each in skipped)
        raise GraderFault(f"{one_line(str(folder))}: no submission in it{said}")
    return found, skipped


def not_one(path: Path) -> str:
    """What an entry is if it is no submission; empty if it is one."""
    if hidden(path.name):
        return "hidden"
    kind = kind_of(path.lstat().st_mode)
    if kind is Kind.FOLDER:
        return ""
    if kind is not Kind.FILE:
        return kind.value  # a link could make any folder of this machine somebody's submission
    if path.suffix.lower() in (SUFFIX, *ARCHIVES):
        return ""
    try:
        with path.open("rb") as file:
            if file.read(4) in zip_starts:
                return ""
    except OSError as error:
        return f"a file that cannot be read ({error.strerror})"
    return "a file, neither a zip nor a notebook"


class Record:
    """The results so far, and the file that they are kept in.

    :param path: None: they are kept nowhere.
    :param unwritten: why the file is not up to date; empty if it is.
    :raises GraderFault: the file cannot be written.
    """

    def __init__(self, empty: Batch, path: Path | None, clock: Callable[[], float] = time.monotonic) -> None:
        self.unwritten = ""
        self._batch = empty
        self._path = path
        self._clock = clock
        self._gradings: dict[str, dict[str, Graded]] = {each.name: {} for each in empty.submissions}
        self._write()
        if self.unwritten:
            raise GraderFault(f"the results cannot be kept: {self.unwritten}")

    def add(self, submission: str, assignment: str, graded: Graded) -> None:
        """Take a grading; the file is written if it was not for some seconds."""
        self._gradings[submission][assignment] = graded
        if self._clock() - self._written >= WRITE_SECONDS:
            self._write()

    def end(self, state: State) -> Batch:
        """All of them, as they are written for the last time."""
        self._batch = msgspec.structs.replace(self._batch, state=state)
        self._write()
        return self.batch()

    def batch(self) -> Batch:
        """The results as they stand, submissions and their assignments in the order of the beginning."""
        submissions = [
            SubmissionGradings(
                name=name,
                gradings={key: gradings[key] for key in self._batch.assignments if key in gradings},
            )
            for name, gradings in self._gradings.items()
        ]
        return msgspec.structs.replace(self._batch, ended=_now(), submissions=submissions)

    def _write(self) -> None:
        self._written = self._clock()
        if self._path is None:
            return
        try:
            files.replace(self._path, batch.render(self.batch()))
            self.unwritten = ""
        except OSError as error:
            self.unwritten = f"{one_line(str(self._path))}: {error.strerror or error}"


def begin(course: Course, asked: Asked, submissions: Sequence[Submission], skipped: list[Skipped]) -> Batch:
    """What can be said before anything is graded.

    :raises ConfigError: an assignment or a part is not there.
    """
    chosen = {name: course.assignment(name) for name in asked.assignments}
    if asked.part:
        chosen = {name: assignment.only(asked.part) for name, assignment in chosen.items()}
    return Batch(
        schema_version=batch.SCHEMA_VERSION,
        state="running",
        started=_now(),
        versions=versions(),
        engine=provenance.engine(),
        seed=asked.seed,
        assignments={
            name: provenance.assignment_version(course, assignment) for name, assignment in chosen.items()
        },
        submissions=[SubmissionGradings(name=each.name) for each in submissions],
        skipped=skipped,
    )


def grade(
    course: Course,
    asked: Asked,
    submissions: Sequence[Submission],
    record: Record,
    processes: int,
    report: Report,
) -> Batch:
    """Grade them all; ``record`` has what was finished if this is cut off.

    :param report: told how many gradings of how many are finished, each time that one is.
    :raises GraderFault: a process of ours was killed.
    """
    jobs = list(_jobs(asked, submissions))
    report(0, len(jobs))
    state: State = "stopped"
    with Pool(course, min(processes, len(jobs))) as pool:
        try:
            for number, done in enumerate(pool.map(_grade, jobs), 1):
                graded = done.result or Graded(fault=one_line(done.fault, FAULT_LIMIT))
                record.add(done.job.submission, done.job.request.assignment, graded)
                report(number, len(jobs))
            state = "finished"
        finally:  # before the processes are ended: whoever stops this may be in a hurry
            last = record.end(state)
    return last


def usable(graded: Graded) -> bool:
    """Whether it is a grade."""
    return not graded.fault and graded.complete


def _jobs(asked: Asked, submissions: Sequence[Submission]) -> Iterator[Job]:
    """Submission by submission, so that a run which is stopped has whole rows."""
    for each in submissions:
        for name in asked.assignments:
            request = Request(
                name, each.path, seed=asked.seed, isolation=asked.isolation, part=asked.part or None
            )
            yield Job(each.name, request)


def _grade(grading: Grading, job: Job) -> Graded:
    # Where `grader grade` runs pytest: the environment may name the secret by a path from there.
    with contextlib.chdir(grading.course.root):
        return batch.of_result(grading.grade(job.request))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")

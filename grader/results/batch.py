"""The results of many submissions in one file: what ``grader grade --many`` writes and ``grader diff`` reads.

Files outlive the version that wrote them. A reader therefore ignores what it does not know, and everything
that may be missing has a default; only a change that an older reader would misread raises ``schema_version``.
Text in it is harmless (:mod:`grader.text`), and what a hidden test must not show is left out.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from grader.faults import GraderFault
from grader.results.model import Result
from grader.text import one_line

SCHEMA_VERSION: Final = 1
KIND: Final = "batch"  # told apart by it from the result of a single run

State = Literal["running", "finished", "stopped"]
Points = Annotated[float, msgspec.Meta(ge=0)]


class BatchFileError(GraderFault):
    """A file is not one that this version can read; the text says why."""


class GradedTest(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a test.

    :param name: file and function.
    :param outcome: a word of :class:`grader.faults.Outcome`, or one that a later version has.
    :param message: safe to show whatever the test's visibility is.
    """

    name: str
    points: Points
    max_points: Points
    outcome: str
    message: str = ""
    mistake: str = ""


class GradedQuestion(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a question.

    :param mistake: the name of the known mistake that was recognised.
    """

    id: str
    points: Points
    max_points: Points
    outcome: str
    message: str = ""
    mistake: str = ""
    tests: list[GradedTest] = []


class Graded(msgspec.Struct, frozen=True, kw_only=True):
    """One submission on one assignment.

    :param fault: why it could not be graded; all else says nothing then.
    :param complete: every planned test was judged; otherwise the grade must not be used.
    :param submission_hash: SHA-256 of the names and contents of the files taken.
    :param isolation: how the submitted code was kept apart.
    :param problems: what is wrong with the files or with the run, a line each.
    """

    fault: str = ""
    score: Points = 0.0
    max_score: Points = 0.0
    complete: bool = False
    seed: int | None = None
    seed_source: str = ""
    submission_hash: str = ""
    isolation: str = ""
    problems: list[str] = []
    questions: list[GradedQuestion] = []


class SubmissionGradings(msgspec.Struct, frozen=True, kw_only=True):
    """One submission.

    :param name: of its folder, zip or notebook, in one printable line that no other submission has.
    :param gradings: by assignment; those that a stopped run did not come to are missing.
    """

    name: str
    gradings: dict[str, Graded] = {}


class Skipped(msgspec.Struct, frozen=True, kw_only=True):
    """Something that lay among the submissions and was not graded."""

    name: str
    reason: str


class AssignmentVersion(msgspec.Struct, frozen=True, kw_only=True):
    """What an assignment was when it was graded.

    :param part: the part that was graded; empty for the whole.
    :param digest: SHA-256 over all its files; ``files`` has the first 16 digits of each one's own, by its
        path in the course.
    """

    title: str = ""
    part: str = ""
    digest: str = ""
    files: dict[str, str] = {}


class Batch(msgspec.Struct, frozen=True, kw_only=True, tag_field="kind", tag=KIND):
    """Many submissions on some assignments.

    :param state: "finished" if every submission had its turn on every assignment.
    :param started: date and time in UTC (ISO 8601), and so ``ended``, of the last grading so far.
    :param versions: of grader, torch, Python and what else results depend on.
    :param engine: SHA-256 over the engine's files.
    :param seed: the seed that was asked for; None: each submission's own.
    """

    schema_version: Literal[1]
    state: State
    started: str = ""
    ended: str = ""
    versions: dict[str, str] = {}
    engine: str = ""
    seed: int | None = None
    assignments: dict[str, AssignmentVersion] = {}
    submissions: list[SubmissionGradings] = []
    skipped: list[Skipped] = []


class _Header(msgspec.Struct):
    schema_version: int
    kind: str = ""


def of_result(result: Result) -> Graded:
    """What is kept of a run; one that could not begin is a fault."""
    if result.state != "finished":
        return Graded(fault="; ".join(result.problems) or "the grading was cut off")
    return Graded(
        score=result.score,
        max_score=result.max_score,
        complete=result.complete,
        seed=result.seed,
        seed_source=result.seed_source,
        submission_hash=result.submission_hash,
        isolation=result.isolation,
        problems=result.problems,
        questions=[
            GradedQuestion(
                id=question.id,
                points=question.points,
                max_points=question.max_points,
                outcome=question.outcome.value,
                message=question.message,
                mistake=question.mistake.name if question.mistake else "",
                tests=[
                    GradedTest(
                        name=test.name,
                        points=test.points,
                        max_points=test.max_points,
                        outcome=test.outcome.value,
                        message=test.message,
                        mistake=test.mistake.name if test.mistake else "",
                    )
                    for test in question.tests
                ],
            )
            for question in result.questions
        ],
    )


def render(batch: Batch) -> bytes:
    """The JSON text."""
    text = json.dumps(msgspec.to_builtins(batch), ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(text.encode("utf-8"), indent=1) + b"\n"


def read(path: Path) -> Batch:
    """
    :raises BatchFileError: it cannot be read, is something else, or has the format of another time.
    """
    name = one_line(str(path))
    try:
        data = path.read_bytes()
    except OSError as error:
        raise BatchFileError(f"{name} cannot be read: {error.strerror or error}") from None
    other = f"{name} holds no results of `grader grade --many`"
    try:
        header = msgspec.json.decode(data, type=_Header)
        if header.kind != KIND:
            raise BatchFileError(f"{other}, but those of one submission, perhaps")
        if header.schema_version != SCHEMA_VERSION:
            raise BatchFileError(
                f"{name} is of format {header.schema_version}, and this version of the package reads format "
                f"{SCHEMA_VERSION}: compare it with the version that wrote it, or a later one"
            )
        return msgspec.json.decode(data, type=Batch)
    except (msgspec.DecodeError, UnicodeError) as error:
        raise BatchFileError(f"{other}: {one_line(str(error))}") from None

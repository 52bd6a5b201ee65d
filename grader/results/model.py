"""The result of a run as plain data: what every writer writes, and what the JSON file holds word for word.

Text in it is already harmless (:mod:`grader.text`), numbers are finite, and what a hidden test must not show
is left out: a writer can add nothing that is not here.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Final, Literal

import msgspec

from grader.faults import Outcome
from grader.points import Device, Rung, Visibility
from grader.submission import FileState, Submission

SCHEMA_VERSION: Final = 1

State = Literal["starting", "running", "finished", "stopped"]
Order = Literal["asc", "desc"]
Points = Annotated[float, msgspec.Meta(ge=0)]


class MistakeResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A known mistake that was recognised."""

    name: str
    message: str


class PictureResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A picture in the run's folder of artifacts; ``file`` is empty if it could not be drawn."""

    file: str
    title: str


class TestResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A planned test.

    :param name: file and function.
    :param message: safe to show whatever the visibility is.
    :param detail: empty unless the test is visible, and so is ``output``, what the student's code printed.
    :param seconds: that it took; ``cpu_seconds``: that the submission's processes computed, their start
        and imports among it.
    :param note: worth knowing whatever the outcome is, such as the margin of a gate.
    """

    name: str
    title: str
    points: Points
    max_points: Points
    outcome: Outcome
    message: str
    detail: str
    output: str
    mistake: MistakeResult | None
    visibility: Visibility
    rung: Rung
    device: Device
    seconds: Points
    cpu_seconds: Points = 0.0
    note: str = ""
    pictures: list[PictureResult] = []

    __test__ = False


class QuestionResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A question.

    :param bonus: earned by GPU tests, on top of ``points``.
    :param visibility: the strictest among its tests: its points tell how the hidden ones ended.
    :param review: what to reread; empty if no points were lost.
    """

    id: str
    title: str
    points: Points
    max_points: Points
    bonus: Points
    outcome: Outcome
    message: str
    mistake: MistakeResult | None
    visibility: Visibility
    seconds: Points
    cpu_seconds: Points = 0.0
    review: str
    tests: list[TestResult]


class FileResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A declared file of the submission."""

    name: str
    state: FileState
    note: str


class SubmissionResult(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What was graded: the folder, the declared files, and other files that nobody asked for."""

    folder: str
    files: list[FileResult]
    ignored: list[str]


class LeaderboardEntry(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A figure to rank by; ``order`` says whether less is better (asc) or more."""

    name: str
    value: float
    order: Order


class Result(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A run on one assignment.

    :param complete: every planned CPU case was judged; otherwise the grade must not be used.
    :param bonus: earned by GPU tests, on top of ``score``.
    :param seed: what the run drew its inputs from; for instructors only.
    :param problems: what is wrong with the submission's files or with the run, a line each.
    :param isolation: how student code was kept apart, with the ``layers`` that held.
    :param part: the part of the assignment that was graded; empty for the whole.
    :param artifacts: the folder that the tests' pictures lie in; empty if none were asked for.
    :param hidden_points: what hidden tests bring that are not here: those of a student release.
    """

    schema_version: Literal[1]
    assignment: str
    title: str
    state: State
    complete: bool
    score: Points
    max_score: Points
    bonus: Points
    questions: list[QuestionResult]
    problems: list[str]
    submission: SubmissionResult
    submission_hash: str
    leaderboard: list[LeaderboardEntry]
    isolation: str
    layers: list[str]
    device: Device
    seed: int | None
    seed_source: str
    versions: dict[str, str]
    artifacts: str = ""
    part: str = ""
    hidden_points: Points = 0.0

    @property
    def heading(self) -> str:
        """What was graded, in a line."""
        return f"{self.assignment}{f', part {self.part}' if self.part else ''}: {self.title}"


@dataclass
class Context:
    """What a result says beside its scores; whoever runs the grading fills it in as it becomes known.

    :param folder: the submission's folder as it was named, until a submission was found in it.
    """

    folder: Path | str = ""
    submission: Submission | None = None
    device: Device = "cpu"
    isolation: str = ""
    layers: list[str] = field(default_factory=list)
    seed: int | None = None
    seed_source: str = ""
    artifacts: str = ""
    hidden_points: float = 0.0
    versions: Mapping[str, str] = field(default_factory=dict)

"""What a gradebook holds, as plain data.

A *submission* is what one student, or one group, handed in; its **key** is the name by which people and the
platform know it, and names its students. Logs, tasks, files and students' pages know it by its **pseudonym**
alone.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Literal

import msgspec

from grader.faults import Outcome
from grader.results.model import Result

RunState = Literal["running", "finished", "stopped"]


class Student(msgspec.Struct, frozen=True, kw_only=True):
    """Somebody who handed in; what is not known is empty.

    :param sid: the number that the university gives, a student ID.
    :param login: the name that they log in with.
    :param platform_id: the number that the platform gives, such as Canvas's "ID".
    """

    name: str = ""
    sid: str = ""
    email: str = ""
    login: str = ""
    platform_id: str = ""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as it lies among the others.

    :param key: one printable line that no other submission has, and that it has the next time too.
    :param path: a folder, zip or notebook. Where the platform put single files side by side: None.
    :param files: these single files, by the names that the student gave them.
    :param students: one, several for a group, none where nobody says who it was.
    :param late: as the platform says it.
    """

    key: str
    path: Path | None = None
    files: dict[str, Path] = {}
    students: list[Student] = []
    late: bool = False


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A submission as the gradebook knows it.

    :param pseudonym: such as ``s-3f2a9c41``; drawn with the gradebook's own key, so that nobody else can tell
        whose it is.
    """

    key: str
    pseudonym: str
    students: list[Student] = []
    late: bool = False

    @property
    def name(self) -> str:
        """For instructors: the students' names where they are known."""
        return ", ".join(student.name for student in self.students if student.name) or self.key


class Version(msgspec.Struct, frozen=True, kw_only=True):
    """What graded: two gradings with the same one, of the same files, give the same grade.

    :param digest: SHA-256 over all else.
    :param engine: SHA-256 over the engine's files.
    :param files: SHA-256 of the assignment with its reference and pass marks; each file's own in ``parts``.
    :param packages: versions of torch, NumPy, Python and what else results depend on.
    :param secret: what the course secret and the seed asked for come to, 16 digits of a digest.
    :param device: "cpu" for all but the GPU questions, "cuda" for these alone.
    """

    assignment: str
    digest: str
    engine: str
    files: str
    title: str = ""
    part: str = ""
    parts: dict[str, str] = {}
    packages: dict[str, str] = {}
    seed: int | None = None
    secret: str = ""
    isolation: str = ""
    device: Literal["cpu", "cuda"] = "cpu"


class Grading(msgspec.Struct, frozen=True, kw_only=True):
    """A submission on an assignment, graded once.

    :param identity: digest of what was handed in for this assignment: the files taken, and what is wrong with
        the others.
    :param attempt: 1, and one more each time that it was graded again without need.
    :param ended: date and time in UTC (ISO 8601).
    :param seconds: that it took.
    :param fault: why it could not be graded; there is no ``result`` then.
    :param result: as a single run would have written it.
    """

    id: int = 0
    submission: str
    assignment: str
    version: Version
    identity: str
    attempt: int = 1
    ended: str = ""
    seconds: float = 0.0
    fault: str = ""
    result: Result | None = None

    @property
    def usable(self) -> bool:
        """Whether it is a grade: every test that it is of was judged."""
        if self.result is None:
            return False
        if self.version.device == "cpu":
            return self.result.complete
        unjudged = (Outcome.NOT_RUN, Outcome.GRADER_ERROR)
        tests = [test for question in self.result.questions for test in question.tests]
        return not any(test.outcome in unjudged for test in tests if test.device == "cuda")


class Override(msgspec.Struct, frozen=True, kw_only=True):
    """Points given by a person in the place of what came out; the last one of a question counts.

    :param points: None takes earlier ones back.
    :param before: what the question had when this was said; None: it was not graded.
    :param by: who said so, a login name of the instructor's machine.
    """

    id: int = 0
    submission: str
    question: str
    points: float | None
    reason: str
    before: float | None = None
    by: str = ""
    at: str = ""


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """One ``grader batch``: a state of the gradebook that another one can be compared with.

    :param asked: the options, for people.
    :param skipped: what lay among the submissions and is none, with the reason.
    """

    id: int
    state: RunState
    started: str
    ended: str = ""
    asked: Mapping[str, str] = {}
    skipped: dict[str, str] = {}

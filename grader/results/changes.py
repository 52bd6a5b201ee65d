"""What changes for whom between two gradings, as plain data: what ``grader diff --json`` writes.

Text in it is harmless (:mod:`grader.text`) and in one line.
"""

from __future__ import annotations

import json
from typing import Final, Literal

import msgspec

SCHEMA_VERSION: Final = 1

Kind = Literal["new", "gone", "worth", "outcome", "points", "mistake"]


class Reason(msgspec.Struct, frozen=True, kw_only=True):
    """One thing that is not as it was.

    :param kind: "new" or "gone": the test, or the question where ``test`` is empty; "worth": its points, by
        definition; "outcome", "points", "mistake": what became of it.
    :param before: empty where there was none, and so ``after``.
    :param messages: of the test, before and after, where its outcome or its points changed.
    :param edited: whether the file that holds the test is another one.
    """

    kind: Kind
    test: str = ""
    before: str = ""
    after: str = ""
    messages: tuple[str, str] = ("", "")
    edited: bool = False


class QuestionChange(msgspec.Struct, frozen=True, kw_only=True):
    """A question that changes; points are None where there is no such question."""

    id: str
    before: float | None
    after: float | None
    reasons: list[Reason]


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """A submission that changes on an assignment.

    :param before: its score, and ``max_before`` the most it could be; None where it was not graded.
    :param notes: what is to be said before the points are looked at: that they are not like with like, or
        why there are none.
    """

    submission: str
    before: float | None
    after: float | None
    max_before: float | None
    max_after: float | None
    notes: list[str] = []
    questions: list[QuestionChange] = []

    @property
    def difference(self) -> float | None:
        """Points won, or lost where it is negative; None unless it was graded twice."""
        if self.before is None or self.after is None:
            return None
        return round(self.after - self.before, 6)


class Unlike(msgspec.Struct, frozen=True, kw_only=True):
    """A pair of gradings that cannot be blamed on the version, whether or not anything changed."""

    submission: str
    assignment: str
    reasons: list[str]


class AssignmentComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One assignment.

    :param submissions: how many are in both files.
    :param files: paths of its files that are new, gone or edited.
    :param definitions: tests that are new, gone, or worth another number of points.
    :param reworded: how many submissions are told the same outcomes in other words.
    """

    id: str
    title: str
    submissions: int
    digests: tuple[str, str]
    files: list[str] = []
    definitions: list[Reason] = []
    changes: list[Change] = []
    reworded: int = 0


class Only(msgspec.Struct, frozen=True, kw_only=True):
    """What one file has and the other has not."""

    assignments: list[str]
    submissions: list[str]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two files.

    :param names: of the files, for people, and ``dates`` when they were begun.
    :param submissions: how many there are in either.
    :param versions: what the results depend on and differs, before and after.
    :param cautions: why the files as a whole are not like with like, a line each.
    :param unlike: the submissions that are not, of those graded twice.
    :param only: what the first file alone has, and what the second.
    """

    schema_version: Literal[1] = SCHEMA_VERSION
    names: tuple[str, str]
    dates: tuple[str, str]
    submissions: int
    versions: dict[str, tuple[str, str]] = {}
    cautions: list[str] = []
    unlike: list[Unlike] = []
    only: tuple[Only, Only]
    assignments: list[AssignmentComparison] = []

    @property
    def changed(self) -> int:
        """How many submissions change on some assignment."""
        return len({change.submission for each in self.assignments for change in each.changes})

    @property
    def differences(self) -> list[float]:
        """Of those that were graded twice and change, submissions and assignments together."""
        found = (change.difference for each in self.assignments for change in each.changes)
        return [difference for difference in found if difference is not None]

    @property
    def same(self) -> bool:
        """Whether nothing changes for anybody."""
        return not self.changed and not any(each.assignments or each.submissions for each in self.only)


def render(comparison: Comparison) -> bytes:
    """The JSON text."""
    text = json.dumps(msgspec.to_builtins(comparison), ensure_ascii=False, allow_nan=False)
    return msgspec.json.format(text.encode("utf-8"), indent=1) + b"\n"

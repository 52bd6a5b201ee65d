"""Where everybody stands: the gradings of a run, with what a person decided on top."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field

from grader.gradebook.model import Grading, Override, Run, Submission
from grader.gradebook.store import Gradebook
from grader.results.model import QuestionResult


@dataclass(frozen=True)
class Standing:
    """A submission on an assignment.

    :param grading: None: it was not graded yet.
    :param gpu: of its GPU questions alone, which earn a bonus; None where they were not asked for.
    :param overrides: by question, the one that counts.
    """

    submission: Submission
    assignment: str
    grading: Grading | None = None
    gpu: Grading | None = None
    overrides: dict[str, Override] = field(default_factory=dict)

    @property
    def usable(self) -> bool:
        """Whether the score is a grade: every test was judged."""
        return self.grading is not None and self.grading.usable

    @property
    def questions(self) -> list[QuestionResult]:
        """As they were graded."""
        result = self.grading.result if self.grading is not None else None
        return result.questions if result is not None else []

    def points(self, question: QuestionResult) -> float:
        """Of a question, as they count."""
        override = self.overrides.get(question.id)
        return question.points if override is None or override.points is None else override.points

    @property
    def score(self) -> float:
        """Points as they count, without the bonus."""
        return round(sum(self.points(question) for question in self.questions), 6)

    @property
    def graded_score(self) -> float:
        """Points as they came out."""
        result = self.grading.result if self.grading is not None else None
        return result.score if result is not None else 0.0

    @property
    def max_score(self) -> float:
        result = self.grading.result if self.grading is not None else None
        return result.max_score if result is not None else 0.0

    @property
    def bonus(self) -> float:
        """Of the GPU questions."""
        result = self.gpu.result if self.gpu is not None else None
        return result.bonus if result is not None else 0.0

    @property
    def total(self) -> float:
        """What is reported: the score with the bonus."""
        return round(self.score + self.bonus, 6)


def standings(book: Gradebook, run: Run) -> list[Standing]:
    """Of every submission on every assignment of a run, by submission, then by assignment."""
    found: dict[tuple[str, str], dict[str, Grading]] = {}
    for grading in book.gradings(run):
        found.setdefault((grading.submission, grading.assignment), {})[grading.version.device] = grading
    counting = in_force(book.overrides())
    known = {submission.key: submission for submission in book.submissions()}
    return [
        Standing(
            submission=known[key],
            assignment=assignment,
            grading=by_device.get("cpu"),
            gpu=by_device.get("cuda"),
            overrides={
                question: override
                for (submission, question), override in counting.items()
                if submission == key and question.partition(".")[0] == assignment
            },
        )
        for (key, assignment), by_device in sorted(found.items())
    ]


def in_force(overrides: Iterable[Override]) -> dict[tuple[str, str], Override]:
    """The last one of each submission and question, without those that were taken back."""
    last = {(each.submission, each.question): each for each in overrides}
    return {key: each for key, each in last.items() if each.points is not None}

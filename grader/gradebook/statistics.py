"""Figures of a class, from where everybody stands: pure, and each with the formula that it is.

Where points are counted, only grades that can be used take part, with what a person changed.
"""

from __future__ import annotations

import statistics
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from grader.faults import Outcome
from grader.gradebook.model import Grading, Submission
from grader.gradebook.standings import Standing
from grader.results.model import QuestionResult, TestResult

BINS: Final = 10  # of a distribution
LEAST_SUBMISSIONS: Final = 5  # for a correlation
SAYS_LITTLE: Final = 0.2  # a discrimination below it: the usual mark for an item that should be looked at
# Ends of a question that a student's code brought about.
WRONG: Final = (Outcome.FAILED, Outcome.SUBMISSION_ERROR, Outcome.TIMED_OUT)
UNJUDGED: Final = (Outcome.NOT_RUN, Outcome.GRADER_ERROR)


@dataclass(frozen=True)
class Bin:
    """Scores from ``low``, below ``high``; in the last bin ``high`` is among them."""

    low: float
    high: float
    count: int


@dataclass(frozen=True)
class Distribution:
    """The scores of an assignment.

    :param quartiles: lower, median, upper; inclusive, as spreadsheets have them.
    """

    count: int
    max_score: float
    lowest: float
    quartiles: tuple[float, float, float]
    highest: float
    mean: float
    bins: list[Bin]


@dataclass(frozen=True)
class QuestionFigures:
    """A question over all submissions whose grade can be used.

    :param difficulty: mean share of the points, 1 where everybody has all.
    :param discrimination: correlation (Pearson's) of its points with the score without it; None where it is
        not defined: fewer than five submissions, or no variance.
    :param solved: share of submissions that have all points.
    :param outcomes: how many ended in which way.
    """

    id: str
    title: str
    count: int
    max_points: float
    difficulty: float
    discrimination: float | None
    solved: float
    outcomes: dict[Outcome, int]

    @property
    def remark(self) -> str:
        """Why it should be looked at; empty if it need not be."""
        if self.solved in (0.0, 1.0):
            return "everybody has all points" if self.solved else "nobody has all points"
        if self.discrimination is not None and self.discrimination < SAYS_LITTLE:
            return "says little about the rest"
        return ""


@dataclass(frozen=True)
class MistakeFigures:
    """A known mistake that was recognised in a question."""

    name: str
    message: str
    question: str
    submissions: list[Submission]


@dataclass(frozen=True)
class Unexplained:
    """What went wrong in a question where no known mistake was recognised.

    :param messages: what was said instead, and to whom; the most frequent first.
    """

    question: str
    title: str
    submissions: list[Submission]
    messages: list[tuple[str, list[Submission]]]


@dataclass(frozen=True)
class Since:
    """What changed between two runs: grades, each of a submission on an assignment.

    :param lost, gained: could be used before and no more, or the other way round.
    :param shared: whether both graded the same assignment at all.
    """

    compared: int = 0
    up: int = 0
    down: int = 0
    lost: int = 0
    gained: int = 0
    new: int = 0
    gone: int = 0
    shared: bool = True

    @property
    def changed(self) -> int:
        return self.up + self.down + self.lost + self.gained


def distribution(standings: Iterable[Standing]) -> Distribution | None:
    """Of the scores without bonus that can be used; None if there are none."""
    usable = [standing for standing in standings if standing.usable]
    if not usable:
        return None
    scores = sorted(standing.score for standing in usable)
    highest_possible = max(standing.max_score for standing in usable)
    lower, median, upper = (
        statistics.quantiles(scores, n=4, method="inclusive") if len(scores) > 1 else scores * 3
    )
    return Distribution(
        count=len(scores),
        max_score=highest_possible,
        lowest=scores[0],
        quartiles=(lower, median, upper),
        highest=scores[-1],
        mean=statistics.fmean(scores),
        bins=_bins(scores, highest_possible),
    )


def _bins(scores: Sequence[float], max_score: float) -> list[Bin]:
    """Ten of the same width; what a person gave beyond the maximum has one of its own."""
    width = (max_score or 1.0) / BINS
    counts = Counter(min(int(score / width), BINS - 1) for score in scores if score <= BINS * width)
    bins = [
        Bin(round(place * width, 6), round((place + 1) * width, 6), counts[place]) for place in range(BINS)
    ]
    if beyond := sum(score > BINS * width for score in scores):
        bins.append(Bin(bins[-1].high, scores[-1], beyond))
    return bins


def questions(standings: Iterable[Standing]) -> list[QuestionFigures]:
    """Of the questions of an assignment, in the order in which they are asked."""
    usable = [standing for standing in standings if standing.usable]
    asked: dict[str, list[tuple[Standing, QuestionResult]]] = {}
    for standing in usable:
        for question in standing.questions:
            if question.max_points:  # else it is a GPU question, which earns a bonus
                asked.setdefault(question.id, []).append((standing, question))
    return [_figures(pairs) for pairs in asked.values()]


def _figures(pairs: Sequence[tuple[Standing, QuestionResult]]) -> QuestionFigures:
    points = [standing.points(question) for standing, question in pairs]
    # Rounded, or what is left of 0.1 + 0.2 would pass for a variance.
    rest = [round(standing.score - own, 6) for (standing, _), own in zip(pairs, points, strict=True)]
    worth = [question.max_points for _, question in pairs]
    first = pairs[0][1]
    outcomes = Counter(question.outcome for _, question in pairs)
    return QuestionFigures(
        id=first.id,
        title=first.title,
        count=len(pairs),
        max_points=max(worth),
        difficulty=statistics.fmean(own / of for own, of in zip(points, worth, strict=True)),
        discrimination=correlation(points, rest),
        solved=statistics.fmean(own >= of for own, of in zip(points, worth, strict=True)),
        outcomes={outcome: outcomes[outcome] for outcome in Outcome if outcomes[outcome]},
    )


def correlation(first: Sequence[float], second: Sequence[float]) -> float | None:
    """Pearson's; None where it is not defined, or rests on too few."""
    if len(first) < LEAST_SUBMISSIONS:
        return None
    try:
        return statistics.correlation(first, second)
    except statistics.StatisticsError:  # one of them does not vary
        return None


def mistakes(standings: Iterable[Standing]) -> list[MistakeFigures]:
    """The known mistakes that were recognised, the most frequent first."""
    found: dict[tuple[str, str], MistakeFigures] = {}
    for standing in standings:
        for question in standing.questions:
            if (mistake := question.mistake) is not None:
                empty = MistakeFigures(mistake.name, mistake.message, question.id, [])
                found.setdefault((question.id, mistake.name), empty).submissions.append(standing.submission)
    return sorted(found.values(), key=lambda each: -len(each.submissions))


def unexplained(standings: Iterable[Standing]) -> list[Unexplained]:
    """What no known mistake explains, by question, most frequent first: candidates for new ones."""
    said: dict[str, dict[str, list[Submission]]] = {}
    titles: dict[str, str] = {}
    for standing in standings:
        for question in standing.questions:
            if question.outcome in WRONG and question.mistake is None:
                titles[question.id] = question.title
                message = question.message or question.outcome.value.replace("_", " ")
                said.setdefault(question.id, {}).setdefault(message, []).append(standing.submission)
    found = [
        Unexplained(
            question,
            titles[question],
            [submission for submissions in messages.values() for submission in submissions],
            sorted(messages.items(), key=lambda pair: -len(pair[1])),
        )
        for question, messages in said.items()
    ]
    return sorted(found, key=lambda each: -len(each.submissions))


def since(before: Iterable[Standing], after: Iterable[Standing]) -> Since:
    """What a run changed on the assignments of both, beside what persons did, which counts in all runs."""
    before, after = list(before), list(after)
    shared = {each.assignment for each in before} & {each.assignment for each in after}
    earlier = {(each.submission.key, each.assignment): each for each in before if each.assignment in shared}
    later = {(each.submission.key, each.assignment): each for each in after if each.assignment in shared}
    both = [(earlier[key], later[key]) for key in later if key in earlier]
    usable = [(old, new) for old, new in both if old.usable and new.usable]
    steps = [round(new.graded_score + new.bonus - old.graded_score - old.bonus, 6) for old, new in usable]
    return Since(
        compared=len(both),
        up=sum(step > 0 for step in steps),
        down=sum(step < 0 for step in steps),
        lost=sum(old.usable and not new.usable for old, new in both),
        gained=sum(new.usable and not old.usable for old, new in both),
        new=len(later) - len(both),
        gone=len(earlier) - len(both),
        shared=bool(shared),
    )


def unusable(standing: Standing) -> str:
    """Why a score is no grade, in a line; empty if it is one."""
    if standing.usable:
        return ""
    grading = standing.grading
    if grading is None:
        return "not graded yet"
    if grading.result is None:
        return grading.fault or "could not be graded"
    tests = list(tests_of(grading))
    unjudged = sum(test.outcome in UNJUDGED for test in tests)
    said = [f"{unjudged} of {len(tests)} tests were not judged"] if unjudged else []
    said += [test.message for test in tests if test.outcome is Outcome.GRADER_ERROR]
    return "; ".join(dict.fromkeys(said or grading.result.problems)) or "some tests were not run"


def bonus_missing(standing: Standing) -> str:
    """Why the bonus of the GPU questions is not known; empty if it is, or was not asked for."""
    gpu = standing.gpu
    if gpu is None or gpu.usable:
        return ""
    return f"GPU questions: {gpu.fault or 'some tests were not judged'}"


def tests_of(grading: Grading) -> Iterator[TestResult]:
    """The tests that a grading is of."""
    for question in grading.result.questions if grading.result is not None else []:
        yield from (test for test in question.tests if test.device == grading.version.device)

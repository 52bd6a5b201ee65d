"""What is measured of the tests: the computing time that they take, and whether they end the same with the
same files.
"""

from __future__ import annotations

import math
import statistics
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from grader.faults import Outcome
from grader.gradebook.model import Grading, Submission
from grader.gradebook.standings import Standing
from grader.gradebook.statistics import tests_of
from grader.results.model import TestResult

SLOWEST: Final = 10  # tests that are listed


@dataclass(frozen=True)
class TestTime:
    """CPU seconds of a test: of the submissions' processes, their start among it.

    :param slowest: the submission that took the maximum.
    """

    assignment: str
    name: str
    title: str
    runs: int
    median: float
    high: float  # 95th percentile
    maximum: float
    slowest: Submission

    __test__ = False


@dataclass(frozen=True)
class Unsteady:
    """A test that ended differently when the same files were graded again.

    :param same_version, other_version: how many comparisons differed, by whether the same version graded.
    """

    assignment: str
    name: str
    title: str
    comparisons: int
    same_version: int
    other_version: int
    ways: list[str]
    submissions: list[str]


@dataclass(frozen=True)
class Steadiness:
    """What gradings of the same files tell of the tests.

    :param pairs: of gradings in succession that were compared, by whether the same version graded.
    :param comparisons: of single tests in these.
    """

    same_version: int
    other_version: int
    comparisons: int
    tests: list[Unsteady]


def slowest(standings: Iterable[Standing], most: int = SLOWEST) -> list[TestTime]:
    """The tests with the highest 95th percentile of CPU seconds, of the gradings in which they were run."""
    times: dict[tuple[str, str], list[tuple[float, Submission]]] = {}
    titles: dict[tuple[str, str], str] = {}
    for standing in standings:
        for test in _run(standing):
            key = (standing.assignment, test.name)
            titles[key] = test.title
            times.setdefault(key, []).append((test.cpu_seconds, standing.submission))
    made = []
    for (assignment, name), taken in times.items():
        seconds = [each for each, _ in taken]
        longest, who = max(taken, key=lambda pair: pair[0])
        high = statistics.quantiles(seconds, n=20, method="inclusive")[-1] if len(seconds) > 1 else longest
        made.append(
            TestTime(
                assignment=assignment,
                name=name,
                title=titles[assignment, name],
                runs=len(seconds),
                median=statistics.median(seconds),
                high=high,
                maximum=longest,
                slowest=who,
            )
        )
    return sorted(made, key=lambda each: (-each.high, each.assignment, each.name))[:most]


def _run(standing: Standing) -> Iterator[TestResult]:
    """Tests that were run, on the CPU and on the GPU."""
    for grading in (standing.grading, standing.gpu):
        if grading is not None:
            yield from (test for test in tests_of(grading) if test.outcome is not Outcome.NOT_RUN)


@dataclass(frozen=True)
class _End:
    """What is kept of a test to be compared."""

    outcome: Outcome
    points: float
    title: str


@dataclass
class _Seen:
    """What was met of a test so far."""

    title: str = ""
    comparisons: int = 0
    differed: Counter[bool] = field(default_factory=Counter)  # by whether it was the same version
    ways: dict[str, None] = field(default_factory=dict)
    submissions: dict[str, None] = field(default_factory=dict)


def steadiness(gradings: Iterable[Grading]) -> Steadiness:
    """Compares each grading with the one before of the same files, if there was one.

    A test differs if its outcome does, or under the same version its points: another version may have other
    points. A test that was not run says nothing.

    :param gradings: all that the gradebook has, in the order in which they were kept.
    """
    last: dict[tuple[str, str, str, str], tuple[str, dict[str, _End]]] = {}
    pairs: Counter[bool] = Counter()
    seen: dict[tuple[str, str], _Seen] = {}
    for grading in gradings:
        if grading.result is None:
            continue
        key = (grading.submission, grading.assignment, grading.version.device, grading.identity)
        ends = {
            test.name: _End(test.outcome, test.points, test.title)
            for test in tests_of(grading)
            if test.outcome is not Outcome.NOT_RUN
        }
        digest, before = last.get(key, ("", None))
        last[key] = (grading.version.digest, ends)
        if before is None:
            continue
        same = digest == grading.version.digest
        pairs[same] += 1
        for name in ends.keys() & before.keys():
            it = seen.setdefault((grading.assignment, name), _Seen())
            it.title = ends[name].title
            it.comparisons += 1
            if way := _way(before[name], ends[name], same=same):
                it.differed[same] += 1
                it.ways.setdefault(way)
                it.submissions.setdefault(grading.submission)
    unsteady = [
        Unsteady(
            assignment=assignment,
            name=name,
            title=test.title,
            comparisons=test.comparisons,
            same_version=test.differed[True],
            other_version=test.differed[False],
            ways=list(test.ways),
            submissions=list(test.submissions),
        )
        for (assignment, name), test in seen.items()
        if test.ways
    ]
    return Steadiness(
        same_version=pairs[True],
        other_version=pairs[False],
        comparisons=sum(test.comparisons for test in seen.values()),
        tests=sorted(unsteady, key=lambda test: (-test.same_version, -test.other_version)),
    )


def _way(before: _End, after: _End, *, same: bool) -> str:
    """How two ends of a test differ; empty if they do not."""
    if before.outcome is not after.outcome:
        return f"{_words(before.outcome)}, then {_words(after.outcome)}"
    if same and not math.isclose(before.points, after.points, abs_tol=1e-6):
        return f"{before.points:g} points, then {after.points:g}"
    return ""


def _words(outcome: Outcome) -> str:
    return outcome.value.replace("_", " ")

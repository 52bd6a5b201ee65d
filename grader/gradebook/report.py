"""Makes the report of a class, one page for its instructors."""

from __future__ import annotations

import base64
import shlex
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from grader.faults import Outcome
from grader.gradebook import plots, statistics, tried
from grader.gradebook.feedback import WORDS, AssignmentFeedback, Audience, feedback
from grader.gradebook.model import Override, Run, Submission, Version
from grader.gradebook.names import Names
from grader.gradebook.similarity import Pair
from grader.gradebook.standings import Standing, standings
from grader.gradebook.statistics import Distribution, QuestionFigures
from grader.gradebook.store import Gradebook
from grader.results import pages
from grader.text import count, one_line

FILE_NAME: Final = "report.html"
PACKAGE: Final = "grader.gradebook"  # that the templates lie in
MISTAKES_SHOWN: Final = 15
UNSTEADY_SHOWN: Final = 10  # tests
MESSAGES_SHOWN: Final = 3  # of a question, where no known mistake explains it


@dataclass(frozen=True)
class Who:
    """A submission as the readers know it.

    :param id: the pseudonym, and the id of its section in the page.
    """

    id: str
    name: str
    late: bool = False


@dataclass(frozen=True)
class Cell:
    """A grade in the table of all."""

    text: str
    unusable: bool = False
    changed: bool = False


@dataclass(frozen=True)
class Page:
    """All that is said of a submission."""

    who: Who
    cells: list[Cell]
    assignments: list[AssignmentFeedback]


@dataclass(frozen=True)
class Change:
    """Points that a person gave; ``stale`` if the question is graded otherwise by now."""

    who: Who
    question: str
    before: float | None
    after: float
    reason: str
    by: str
    at: str
    stale: bool


@dataclass(frozen=True)
class AssignmentReport:
    """What an assignment's section shows.

    :param histogram, outcomes: plots, as addresses that hold them.
    :param ends: the outcomes that there are.
    """

    id: str
    title: str
    versions: list[Version]
    distribution: Distribution | None
    histogram: str
    questions: list[QuestionFigures]
    outcomes: str
    ends: list[Outcome]


@dataclass(frozen=True)
class Why:
    """Why grades cannot be used, and whose: keys."""

    assignment: str
    reason: str
    submissions: list[str]


@dataclass(frozen=True)
class Class:
    """What a report is made of, read from the gradebook once.

    :param before: where everybody stood at the end of the run before; None: there was none.
    """

    run: Run
    last: int
    standings: list[Standing]
    before: tuple[Run, list[Standing]] | None
    submissions: list[Submission]
    steadiness: tried.Steadiness


def read(book: Gradebook, number: int | None = None) -> Class:
    """What is known of a run.

    :param number: None: the last one.
    :raises GradebookError: there is no such run, or none at all.
    """
    run = book.run(number)
    runs = book.runs()
    earlier = [each for each in runs if each.id < run.id][-1:]
    submissions = book.submissions()
    return Class(
        run=run,
        last=runs[-1].id,
        standings=standings(book, run),
        before=(earlier[0], standings(book, earlier[0])) if earlier else None,
        submissions=submissions,
        steadiness=tried.steadiness(book.gradings()),
    )


def render(
    book: Gradebook,
    known: Class,
    *,
    course: str = "",
    anonymous: bool = False,
    pictures: bool = True,
    alike: Sequence[Pair] | None = None,
) -> str:
    """The page for instructors.

    :param course: its name.
    :param anonymous: pseudonyms alone, and other text without the names that the gradebook knows.
    :param pictures: those that the tests drew; they are most of what the page weighs.
    :param alike: near-identical submissions, most alike first; None: nobody looked for any.
    """
    audience = Audience()
    if anonymous:
        plain, strict = Names(known.submissions), Names(known.submissions, parts=True)
        audience = Audience(clean=plain.out_of, clean_strictly=strict.out_of)
    everybody = _everybody(known.submissions, anonymous=anonymous)
    assignments = _assignments(known.standings)
    shown = _pages(book, known, everybody, audience, pictures=pictures)
    counts = Counter(standing.usable for standing in known.standings)
    since = None
    if known.before is not None:
        since = (known.before[0], statistics.since(known.before[1], known.standings))
    skipped = known.run.skipped
    return pages.render(
        "report.html.j2",
        PACKAGE,
        course=one_line(course),
        run=known.run,
        last=known.last,
        started=moment(known.run.started),
        ended=moment(known.run.ended),
        # Options and names of files may name somebody.
        asked={} if anonymous else known.run.asked,
        skipped=Counter(skipped.values()) if anonymous else skipped,
        anonymous=anonymous,
        pictures=pictures,
        usable=counts[True],
        unusable=counts[False],
        reasons=_reasons(known.standings, audience),
        changes=_changes(known.standings, everybody, audience),
        assignments=[_assignment(name, group) for name, group in assignments.items()],
        mistakes=statistics.mistakes(known.standings),
        unexplained=statistics.unexplained(known.standings),
        slowest=tried.slowest(known.standings),
        steadiness=known.steadiness,
        since=since,
        command=f"grader diff {'DIR' if anonymous else shlex.quote(one_line(str(book.path.parent)))}",
        alike=None
        if alike is None
        else [each for each in alike if {each.first, each.second} <= set(everybody)],
        pages=shown,
        linked={page.who.id for page in shown},
        environment=_environment(known.standings),
        mistakes_shown=MISTAKES_SHOWN,
        messages_shown=MESSAGES_SHOWN,
        unsteady_shown=UNSTEADY_SHOWN,
        student=False,
        who=everybody,
        words=WORDS,
        count=count,
        moment=moment,
        clean=audience.clean,
        little=statistics.SAYS_LITTLE,
        least=statistics.LEAST_SUBMISSIONS,
    )


def _everybody(submissions: Sequence[Submission], *, anonymous: bool) -> dict[str, Who]:
    """By key; two of the same name are told apart by their pseudonyms."""
    named = {each.key: each.pseudonym if anonymous else one_line(each.name) for each in submissions}
    often = Counter(named.values())
    return {
        each.key: Who(
            each.pseudonym,
            named[each.key] if often[named[each.key]] == 1 else f"{named[each.key]} ({each.pseudonym})",
            each.late,
        )
        for each in submissions
    }


def _assignments(all_of_them: Iterable[Standing]) -> dict[str, list[Standing]]:
    groups: dict[str, list[Standing]] = {}
    for standing in all_of_them:
        groups.setdefault(standing.assignment, []).append(standing)
    return dict(sorted(groups.items()))


def _pages(
    book: Gradebook, known: Class, everybody: Mapping[str, Who], audience: Audience, *, pictures: bool
) -> list[Page]:
    """Of all submissions, by name."""
    assignments = list(_assignments(known.standings))
    groups: dict[str, dict[str, Standing]] = {}
    for standing in known.standings:
        groups.setdefault(standing.submission.key, {})[standing.assignment] = standing
    made = [
        Page(
            who=everybody[key],
            cells=[_cell(group.get(name)) for name in assignments],
            assignments=[
                feedback(group[name], audience, book.pictures if pictures else None)
                for name in assignments
                if name in group
            ],
        )
        for key, group in groups.items()
    ]
    return sorted(made, key=lambda page: (page.who.name.casefold(), page.who.id))


def _cell(standing: Standing | None) -> Cell:
    if standing is None:
        return Cell("\N{EN DASH}")
    if not standing.usable:
        return Cell("not usable", unusable=True)
    bonus = f" + {standing.bonus:g}" if standing.bonus else ""
    return Cell(f"{standing.score:g}{bonus}", changed=bool(standing.overrides))


def _reasons(all_of_them: Iterable[Standing], audience: Audience) -> list[Why]:
    """Those who share a reason together, the most frequent first; reasons why a bonus is missing last."""
    found: dict[tuple[bool, str, str], list[str]] = {}
    for standing in all_of_them:
        for bonus, reason in (
            (False, statistics.unusable(standing)),
            (True, statistics.bonus_missing(standing)),
        ):
            if reason:
                key = (bonus, standing.assignment, audience.clean(reason))
                found.setdefault(key, []).append(standing.submission.key)
    ordered = sorted(found.items(), key=lambda pair: (pair[0][0], -len(pair[1])))
    return [Why(assignment, reason, keys) for (_, assignment, reason), keys in ordered]


def _changes(
    all_of_them: Iterable[Standing], everybody: Mapping[str, Who], audience: Audience
) -> list[Change]:
    made = []
    for standing in all_of_them:
        graded = {question.id: question.points for question in standing.questions}
        for question, override in standing.overrides.items():
            if override.points is not None:
                now = graded.get(question)
                made.append(
                    Change(
                        who=everybody[standing.submission.key],
                        question=question,
                        before=now,
                        after=override.points,
                        reason=audience.clean_strictly(override.reason),
                        by=override.by,
                        at=moment(override.at),
                        stale=_stale(override, now),
                    )
                )
    return sorted(made, key=lambda change: (change.who.name.casefold(), change.who.id, change.question))


def _stale(override: Override, now: float | None) -> bool:
    """Whether the question is graded otherwise than when somebody decided."""
    return override.before != now


def _assignment(name: str, group: Sequence[Standing]) -> AssignmentReport:
    versions = {
        grading.version.digest: grading.version
        for standing in group
        for grading in (standing.grading, standing.gpu)
        if grading is not None
    }
    figures = statistics.distribution(group)
    asked = statistics.questions(group)
    titles = (version.title for version in versions.values())
    return AssignmentReport(
        id=name,
        title=next(titles, ""),
        versions=list(versions.values()),
        distribution=figures,
        histogram=_svg_uri(plots.histogram(figures)) if figures is not None else "",
        questions=asked,
        outcomes=_svg_uri(plots.outcomes(asked, WORDS)) if asked else "",
        ends=[outcome for outcome in plots.OUTCOMES if any(outcome in each.outcomes for each in asked)],
    )


def _environment(all_of_them: Iterable[Standing]) -> list[str]:
    """Versions of what results depend on, and how submissions were kept apart."""
    found: dict[str, dict[str, None]] = {}
    for standing in all_of_them:
        for grading in (standing.grading, standing.gpu):
            if grading is not None:
                for name, version in grading.version.packages.items():
                    found.setdefault(name, {}).setdefault(version)
                isolation = grading.result.isolation if grading.result is not None else ""
                found.setdefault("isolation", {}).setdefault(isolation or "unknown")
    return [f"{name} {' and '.join(each)}" for name, each in found.items()]


def _svg_uri(drawing: bytes) -> str:
    """As a picture, in which nothing can be run and whose ids meet no others."""
    return f"data:image/svg+xml;base64,{base64.b64encode(drawing).decode('ascii')}"


def moment(text: str) -> str:
    """A date and time of the gradebook, for people."""
    return f"{text[:10]} {text[11:16]} UTC" if text else ""

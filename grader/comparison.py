"""What changes for whom between two gradings of the same submissions, and why. Pure: two files in, facts out.

A submission changes on an assignment if its points, a question's points, the outcome of a test or a
recognised mistake do. A test that is new, gone or worth another number of points is a change of the
assignment, told once; beside a question that changes it is told again, being the reason. Other words in a
message alone are counted and change nothing.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Final, TypeVar

from grader.faults import Outcome
from grader.results.batch import Batch, Graded, GradedQuestion, GradedTest
from grader.results.changes import (
    AssignmentComparison,
    Change,
    Comparison,
    Kind,
    Only,
    QuestionChange,
    Reason,
    Unlike,
)
from grader.seeds import GIVEN
from grader.text import one_line

DEFINITION: Final = frozenset({"new", "gone", "worth"})  # kinds that are no submission's doing
T = TypeVar("T")


def compare(before: Batch, after: Batch, names: tuple[str, str]) -> Comparison:
    """
    :param names: of the two files, for people.
    """
    names = (one_line(names[0]), one_line(names[1]))
    shared = [key for key in before.assignments if key in after.assignments]
    old, new = _by_name(before), _by_name(after)
    both = [name for name in _union(old, new) if name in old and name in new]
    return Comparison(
        names=names,
        dates=(one_line(before.started), one_line(after.started)),
        submissions=len(_union(old, new)),
        versions=_versions(before, after),
        cautions=list(_cautions(before, after, names)),
        unlike=list(_unlike(old, new, both, shared)),
        only=(_only(before, after), _only(after, before)),
        assignments=[_assignment(key, before, after, names) for key in shared],
    )


# -- the files as a whole


def _versions(before: Batch, after: Batch) -> dict[str, tuple[str, str]]:
    old, new = ({**batch.versions, "engine": batch.engine[:12]} for batch in (before, after))
    pairs = {key: (old.get(key, ""), new.get(key, "")) for key in _union(old, new)}
    return {one_line(key): (one_line(a), one_line(b)) for key, (a, b) in pairs.items() if a != b}


def _cautions(before: Batch, after: Batch, names: tuple[str, str]) -> Iterator[str]:
    for batch, name in zip((before, after), names, strict=True):
        if batch.state != "finished":
            yield f"{name} is of a run that did not end ({batch.state}): it has some of the gradings only"
    if before.seed != after.seed:
        seeds = ("each submission's own" if s is None else f"{s} for all" for s in (before.seed, after.seed))
        yield f"other seeds were asked for: {', then '.join(seeds)}"
    for key, version in before.assignments.items():
        other = after.assignments.get(key)
        if other is not None and version.part != other.part:
            parts = (one_line(part) or "the whole" for part in (version.part, other.part))
            yield f"another part of {one_line(key)} was graded: {', then '.join(parts)}"


def _unlike(
    old: Mapping[str, Mapping[str, Graded]],
    new: Mapping[str, Mapping[str, Graded]],
    both: Iterable[str],
    assignments: Iterable[str],
) -> Iterator[Unlike]:
    keys = list(assignments)
    for name in both:
        for key in keys:
            a, b = old[name].get(key), new[name].get(key)
            reasons = _why_unlike(a, b)
            if reasons:
                yield Unlike(submission=one_line(name), assignment=one_line(key), reasons=reasons)


def _why_unlike(a: Graded | None, b: Graded | None) -> list[str]:
    if a is None or b is None or a.fault or b.fault:
        return []
    if a.submission_hash != b.submission_hash and a.submission_hash and b.submission_hash:
        return ["other files were handed in"]  # and with them comes another seed
    reasons = []
    if a.seed != b.seed and a.seed is not None and b.seed is not None:
        secret = GIVEN not in (a.seed_source, b.seed_source)
        reasons.append("another seed" + (", by another course secret" if secret else ""))
    if a.isolation != b.isolation and a.isolation and b.isolation:
        reasons.append(f"another isolation: {one_line(a.isolation)}, then {one_line(b.isolation)}")
    return reasons


def _only(here: Batch, there: Batch) -> Only:
    others = _by_name(there)
    return Only(
        assignments=[one_line(key) for key in here.assignments if key not in there.assignments],
        submissions=[one_line(name) for name in _by_name(here) if name not in others],
    )


# -- one assignment


def _assignment(key: str, before: Batch, after: Batch, names: tuple[str, str]) -> AssignmentComparison:
    old_version, new_version = before.assignments[key], after.assignments[key]
    files = _changed_keys(old_version.files, new_version.files)
    old, new = _by_name(before), _by_name(after)
    both = [name for name in _union(old, new) if name in old and name in new]
    pairs = [(name, old[name].get(key), new[name].get(key)) for name in both]
    changes, reworded = [], 0
    edited = {file.rpartition("/")[2] for file in files}
    for name, a, b in pairs:
        change = _change(name, a, b, names, edited)
        if change is not None:
            changes.append(change)
        elif a is not None and b is not None:
            reworded += _reworded(a, b)
    return AssignmentComparison(
        id=one_line(key),
        title=one_line(new_version.title or old_version.title),
        submissions=len(pairs),
        digests=(old_version.digest[:12], new_version.digest[:12]),
        files=[one_line(file) for file in files],
        definitions=_definitions((a for _, a, _ in pairs), (b for _, _, b in pairs)),
        changes=changes,
        reworded=reworded,
    )


def _definitions(old: Iterable[Graded | None], new: Iterable[Graded | None]) -> list[Reason]:
    """What the tests are worth, as far as any grading tells."""
    before, after = (
        {
            test.name: test.max_points
            for graded in gradings
            if graded is not None
            for test in _tests(graded).values()
        }
        for gradings in (old, new)
    )
    if not before or not after:  # nobody was graded: nothing is known
        return []
    return [
        _worth(name, before.get(name), after.get(name))
        for name in _union(before, after)
        if before.get(name) != after.get(name)
    ]


def _worth(name: str, before: float | None, after: float | None) -> Reason:
    kind: Kind = "new" if before is None else "gone" if after is None else "worth"
    return Reason(kind=kind, test=one_line(name), before=_number(before), after=_number(after))


# -- one submission


def _change(
    name: str, a: Graded | None, b: Graded | None, names: tuple[str, str], edited: set[str]
) -> Change | None:
    """What changes for a submission; None if nothing does."""
    notes = []
    for graded, file in ((a, names[0]), (b, names[1])):
        if graded is None:
            notes.append(f"not graded in {file}")
        elif graded.fault:
            notes.append(f"could not be graded in {file}: {one_line(graded.fault)}")
        elif not graded.complete:
            notes.append(f"not complete in {file}: this grade must not be used")
    graded_before, graded_after = (g if g is not None and not g.fault else None for g in (a, b))
    questions: list[QuestionChange] = []
    if graded_before is not None and graded_after is not None:
        questions = list(_questions(graded_before, graded_after, edited))
        complete = graded_before.complete == graded_after.complete
        if complete and _equal(graded_before.score, graded_after.score) and not questions:
            return None
    elif graded_before is None and graded_after is None:
        return None
    return Change(
        submission=one_line(name),
        before=graded_before.score if graded_before else None,
        after=graded_after.score if graded_after else None,
        max_before=graded_before.max_score if graded_before else None,
        max_after=graded_after.max_score if graded_after else None,
        notes=[*_why_unlike(a, b), *notes],
        questions=questions,
    )


def _questions(a: Graded, b: Graded, edited: set[str]) -> Iterator[QuestionChange]:
    old, new = ({question.id: question for question in graded.questions} for graded in (a, b))
    for key in _union(old, new):
        before, after = old.get(key), new.get(key)
        if before is None or after is None:
            kind: Kind = "new" if before is None else "gone"
            reasons = [
                Reason(
                    kind=kind,
                    before=_number(before.max_points if before else None),
                    after=_number(after.max_points if after else None),
                )
            ]
        else:
            reasons = list(_reasons(before, after, edited))
            if _equal(before.points, after.points) and all(reason.kind in DEFINITION for reason in reasons):
                continue
        yield QuestionChange(
            id=one_line(key),
            before=before.points if before else None,
            after=after.points if after else None,
            reasons=reasons,
        )


def _reasons(before: GradedQuestion, after: GradedQuestion, edited: set[str]) -> Iterator[Reason]:
    old, new = ({test.name: test for test in question.tests} for question in (before, after))
    said: set[Kind] = set()
    for name in _union(old, new):
        for reason in _of_test(old.get(name), new.get(name), name, edited):
            said.add(reason.kind)
            yield reason
    mistakes = tuple(", ".join(sorted(_mistakes(question))) for question in (before, after))
    if mistakes[0] != mistakes[1] and after.outcome != Outcome.PASSED:
        yield Reason(kind="mistake", before=one_line(mistakes[0]), after=one_line(mistakes[1]))
    if before.outcome != after.outcome and not said & {"outcome", "points"}:
        yield Reason(kind="outcome", before=one_line(before.outcome), after=one_line(after.outcome))


def _of_test(a: GradedTest | None, b: GradedTest | None, name: str, edited: set[str]) -> Iterator[Reason]:
    if a is not None and b is not None:
        if not _equal(a.max_points, b.max_points):
            yield _worth(name, a.max_points, b.max_points)
        yield from _became(a, b, name.partition("::")[0] in edited)
        return
    there = a or b
    assert there is not None
    said = f"{_number(there.points)} of {_number(there.max_points)} points, {one_line(there.outcome)}"
    yield Reason(
        kind="new" if a is None else "gone",
        test=one_line(name),
        before=said if a else "",
        after=said if b else "",
        messages=(one_line(a.message) if a else "", one_line(b.message) if b else ""),
    )


def _became(a: GradedTest, b: GradedTest, edited: bool) -> Iterator[Reason]:
    """What became of a test that both have."""
    messages = (one_line(a.message), one_line(b.message))
    if a.outcome != b.outcome:
        yield Reason(
            kind="outcome",
            test=one_line(a.name),
            before=one_line(a.outcome),
            after=one_line(b.outcome),
            messages=messages,
            edited=edited,
        )
    elif not _equal(a.points, b.points) and _share(a) != _share(b):
        yield Reason(
            kind="points",
            test=one_line(a.name),
            before=f"{_number(a.points)} of {_number(a.max_points)}",
            after=f"{_number(b.points)} of {_number(b.max_points)}",
            messages=messages,
            edited=edited,
        )


def _share(test: GradedTest) -> float:
    """Of a test's points, as finely as points are rounded."""
    return round(test.points / test.max_points, 2) if test.max_points else 0.0


# -- small things


def _by_name(batch: Batch) -> dict[str, Mapping[str, Graded]]:
    return {submission.name: submission.gradings for submission in batch.submissions}


def _tests(graded: Graded) -> dict[str, GradedTest]:
    return {test.name: test for question in graded.questions for test in question.tests}


def _mistakes(question: GradedQuestion) -> set[str]:
    return {question.mistake, *(test.mistake for test in question.tests)} - {""}


def _reworded(a: Graded, b: Graded) -> bool:
    """Whether a test that both have says something else."""
    old, new = _tests(a), _tests(b)
    return any(old[name].message != new[name].message for name in old.keys() & new.keys())


def _changed_keys(before: Mapping[str, str], after: Mapping[str, str]) -> list[str]:
    """Nothing where one of the two tells nothing."""
    if not before or not after:
        return []
    return [key for key in _union(before, after) if before.get(key) != after.get(key)]


def _union(before: Iterable[T], after: Iterable[T]) -> list[T]:
    """Each once, in the order of the second, then what only the first has."""
    return list(dict.fromkeys([*after, *before]))


def _equal(a: float, b: float) -> bool:
    return abs(a - b) < 1e-6


def _number(points: float | None) -> str:
    return "" if points is None else f"{points:g}"

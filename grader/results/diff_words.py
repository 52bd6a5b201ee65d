"""Puts what changes between two gradings into words, the same for a terminal and for a page."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from grader.results.changes import AssignmentComparison, Change, Comparison, Reason
from grader.text import count

NAMES_SHOWN = 8  # of a list in a sentence
PASSED = "passed"


def some(names: Sequence[str]) -> str:
    """The first few names of a list, and how many more there are."""
    more = len(names) - NAMES_SHOWN
    return ", ".join(names[:NAMES_SHOWN]) + (f" and {more} more" if more > 0 else "")


def cautions(comparison: Comparison) -> Iterator[str]:
    """Why the files, or some submissions in them, are not like with like; to be said first."""
    yield from comparison.cautions
    groups: dict[str, list[str]] = {}
    for each in comparison.unlike:
        for reason in each.reasons:
            groups.setdefault(reason, []).append(f"{each.submission} on {each.assignment}")
    for reason, pairs in groups.items():
        yield f"{reason}: {count(len(pairs), 'grading')}, {some(pairs)}"
    for only, name in zip(comparison.only, comparison.names, strict=True):
        for noun, names in (("assignment", only.assignments), ("submission", only.submissions)):
            if names:
                yield f"{count(len(names), noun)} in {name} only: {some(names)}"


def summary(comparison: Comparison) -> str:
    """How many submissions change, and which way."""
    changed = f"{comparison.changed} of {count(comparison.submissions, 'submission')} change"
    changed += "s" if comparison.changed == 1 else ""
    differences = comparison.differences
    if not comparison.changed:
        return f"{count(comparison.submissions, 'submission')}, and none changes"
    up = sum(difference > 0 for difference in differences)
    down = sum(difference < 0 for difference in differences)
    ways = [f"{up} up", f"{down} down"]
    if level := sum(difference == 0 for difference in differences):
        ways.append(f"{level} with the same total")
    twice = sum(len(each.changes) for each in comparison.assignments)
    if ungraded := twice - len(differences):
        ways.append(f"{ungraded} without two grades")
    largest = max(differences, key=abs, default=0.0)
    if largest:
        ways.append(f"the largest change {signed(largest)} points")
    return f"{changed}: {', '.join(ways)}"


def versions(comparison: Comparison) -> Iterator[str]:
    """What the gradings rest on and is not the same."""
    for name, (before, after) in comparison.versions.items():
        yield f"{name}: {before or 'unknown'} -> {after or 'unknown'}"
    for each in comparison.assignments:
        if each.digests[0] != each.digests[1]:
            files = f"; other files: {some(each.files)}" if each.files else ""
            yield f"{each.id}: {each.digests[0] or 'unknown'} -> {each.digests[1] or 'unknown'}{files}"


def heading(each: AssignmentComparison) -> str:
    """An assignment, and how many change on it."""
    said = f"{each.id}: {each.title}: {len(each.changes)} of {count(each.submissions, 'submission')}"
    return f"{said} change{'s' if len(each.changes) == 1 else ''}"


def remarks(each: AssignmentComparison) -> Iterator[str]:
    """What is to be said of an assignment beside its submissions: its tests, and other words."""
    for reason in each.definitions:
        yield sentence(reason)
    if each.reworded:
        yield f"{count(each.reworded, 'submission')} with the same points and outcomes in other words"


def points(change: Change) -> str:
    """A submission's points before and after."""
    old, new = number(change.before), number(change.after)
    if change.max_before != change.max_after and None not in (change.before, change.after):
        old, new = f"{old} / {number(change.max_before)}", f"{new} / {number(change.max_after)}"
    said = f"{old} -> {new}"
    return f"{said} ({signed(change.difference)})" if change.difference else said


def sentence(reason: Reason) -> str:
    """One thing that is not as it was; the messages apart."""
    what = function(reason.test) or "the question"
    edited = " (its file was edited)" if reason.edited else ""
    match reason.kind:
        case "new":
            return f"{what} is new: {_worth(reason.after)}"
        case "gone":
            return f"{what} is gone: {_worth(reason.before)}"
        case "worth":
            return f"{what} is worth {_worth(reason.after)}, not {reason.before}"
        case "mistake":
            return f"recognised mistake: {reason.before or 'none'} -> {reason.after or 'none'}"
        case "points" | "outcome":
            return f"{what}: {reason.before} -> {reason.after}{edited}"


def messages(reason: Reason) -> Iterator[tuple[str, str]]:
    """What the test says: "before" or "after" and the text, once where it is the same."""
    if reason.messages[0] == reason.messages[1]:
        if reason.messages[0]:
            yield "before and after", reason.messages[0]
        return
    for when, message in zip(("before", "after"), reason.messages, strict=True):
        if message:
            yield when, message


def function(test: str) -> str:
    """A test's name without its file, which takes half of a column."""
    return test.rpartition("::")[2]


def number(value: float | None) -> str:
    """Points, or a dash where there are none."""
    return "-" if value is None else f"{value:g}"


def signed(value: float | None) -> str:
    """A difference with its sign."""
    return "" if value is None else f"{value:+g}"


def _worth(said: str) -> str:
    """A number of points has its unit; what became of a test has it already."""
    return said if "points" in said else f"{said} points"

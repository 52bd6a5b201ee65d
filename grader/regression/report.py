"""Shows a regression: a table for each assignment, what is not as it must be, what is not as it was."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from grader.regression.baseline import NEW, Drift
from grader.regression.records import CLEAR
from grader.regression.summary import (
    RIGHT_AT_MOST,
    WRONG_AT_LEAST,
    WRONG_AT_LEAST_OFF,
    Finding,
    QuestionSummary,
    Summary,
)
from grader.text import count, one_line

SHOWN = 60  # findings and differences; the rest is counted


def table_of(summary: Summary) -> Table:
    """A row for each question."""
    table = Table(
        title=f"{summary.assignment}: {summary.solutions} solutions graded",
        title_justify="left",
        box=box.SIMPLE_HEAD,
    )
    table.add_column("question", no_wrap=True)
    for name in (
        "points",
        "tests",
        "CPU s",
        "right\npass",
        "wrong\nfail",
        "mistakes\nnamed",
        "largest\nright",
        "smallest\nwrong",
    ):
        table.add_column(name, justify="right", no_wrap=True)
    for question in summary.questions:
        table.add_row(*_row(question))
    return table


def _row(question: QuestionSummary) -> list[RenderableType]:
    right = f"{question.right} of {question.rights}"
    wrong = str(len(question.wrong))
    largest = question.largest_right
    smallest = question.smallest_wrong[0] if question.smallest_wrong else None
    return [
        question.id,
        f"{question.points:g}",
        str(question.tests),
        f"{question.cpu_seconds:.1f}",
        Text(right, style="" if question.right == question.rights else "red"),
        Text(wrong, style="" if len(question.wrong) >= WRONG_AT_LEAST else "yellow"),
        f"{question.named} of {question.declared}" if question.declared else "-",
        _margin(largest, alarming=largest is not None and largest > RIGHT_AT_MOST),
        _margin(smallest, alarming=smallest is not None and smallest < WRONG_AT_LEAST_OFF),
    ]


def _margin(value: float | None, *, alarming: bool) -> Text:
    if value is None:
        said = "-"
    elif value >= CLEAR:
        said = "other"
    else:
        said = f"{value:.2g}" if value < 10 else f"{value:.0f}" if value < 1000 else f"{value:.0e}"
    return Text(said, style="yellow" if alarming else "")


LEGEND = (
    "right pass: correct solutions that earn the whole question. wrong fail: known mistakes that lose\n"
    f"points of it, {WRONG_AT_LEAST} at least. largest right: deviation of a correct solution, in units of\n"
    f"the tolerance, {RIGHT_AT_MOST:g} at most. smallest wrong: that of the known mistake closest to\n"
    f"passing, {WRONG_AT_LEAST_OFF:g} at least; 'other': it differs in more than rounding."
)


def named_line(summary: Summary) -> str:
    """How many of the known mistakes are named."""
    if not summary.mistakes:
        return "no known mistakes graded"
    share = summary.named / summary.mistakes
    said = f"{summary.named} of {summary.mistakes} known mistakes named ({share:.1%}), "
    said += f"{summary.misnamed} misnamed"
    if summary.unnamed:
        said += f"; not named: {', '.join(sorted(summary.unnamed))}"
    return said


def drifts_of(drifts: Sequence[Drift]) -> RenderableType:
    """As a diff: what was, what is."""
    lines = Text()
    new = [drift.solution for drift in drifts if not drift.question and drift.now == NEW]
    if new:
        lines.append(
            f"{count(len(new), 'solution')} that had not been graded: {', '.join(new)}\n", style="green"
        )
    drifts = [drift for drift in drifts if drift.solution not in new]
    for drift in drifts[:SHOWN]:
        lines.append(f"{drift.solution}{f', {drift.question}' if drift.question else ''}\n")
        lines.append(f"  - {one_line(drift.before)}\n", style="red")
        lines.append(f"  + {one_line(drift.now)}\n", style="green")
    if len(drifts) > SHOWN:
        lines.append(f"and {len(drifts) - SHOWN} more\n")
    lines.rstrip()
    return lines


def findings_of(findings: Sequence[Finding]) -> RenderableType:
    """What is wrong and what to do, those with the same advice together."""
    groups: dict[str, list[Finding]] = {}
    for finding in findings:
        groups.setdefault(finding.advice, []).append(finding)
    parts = []
    for advice, found in groups.items():
        text = Text()
        for finding in found[:SHOWN]:
            text.append(f"  {one_line(finding.text, 400)}\n", style="red")
        if len(found) > SHOWN:
            text.append(f"  and {len(found) - SHOWN} more of this kind\n")
        text.append(f"  -> {advice}")
        parts.append(text)
    return Group(*parts)

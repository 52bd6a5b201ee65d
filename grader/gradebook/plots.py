"""Draws the plots of a class report, as SVG: the same figures give the same bytes.

Colour says nothing alone: what it tells apart has a hatching or words too, and each plot's figures stand
beside it in a table.
"""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import Any, Final

from grader.faults import Outcome
from grader.gradebook.statistics import Distribution, QuestionFigures

WIDTH: Final = 8.0  # inches
LETTERS: Final = 11  # points
BAR, QUARTILES = "#9db8d2", "#7a3e00"
# Colours that stay apart for colour-blind readers and in gray, each with a hatching of its own.
OUTCOMES: Final[dict[Outcome, tuple[str, str]]] = {
    Outcome.PASSED: ("#dfeee4", ""),
    Outcome.FAILED: ("#f3b9a7", "///"),
    Outcome.SUBMISSION_ERROR: ("#c8586c", ""),
    Outcome.TIMED_OUT: ("#d9a441", "xxx"),
    Outcome.NOT_STARTED: ("#ffffff", "..."),
    Outcome.NOT_RUN: ("#bbbbbb", ""),
    Outcome.GRADER_ERROR: ("#444444", ""),
}


def histogram(figures: Distribution) -> bytes:
    """Scores against the number of submissions, with the quartiles."""
    figure = _figure(3.4)
    axes = figure.add_subplot()
    edges = [each.low for each in figures.bins]
    widths = [each.high - each.low for each in figures.bins]
    counts = [each.count for each in figures.bins]
    bars = axes.bar(edges, counts, widths, align="edge", color=BAR, edgecolor="#33516e", linewidth=0.8)
    axes.bar_label(bars, [str(count) if count else "" for count in counts], padding=1, fontsize=LETTERS - 2)
    lower, median, upper = figures.quartiles
    for at, style, label in (
        (median, "-", f"median {median:.4g}"),
        (lower, "--", f"quartiles {lower:.4g} and {upper:.4g}"),
        (upper, "--", "_"),
    ):
        axes.axvline(at, color=QUARTILES, linestyle=style, linewidth=2, label=label)
    axes.set(xlabel="points", ylabel="submissions", xlim=(0, figures.bins[-1].high))
    axes.set_ylim(0, 1.1 * max(counts))  # room for the numbers
    axes.yaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=2, frameon=False, fontsize=LETTERS)
    return _svg(figure)


def outcomes(figures: Sequence[QuestionFigures], words: dict[Outcome, str]) -> bytes:
    """A bar for each question: which share of the submissions ended in which way.

    :param words: for outcomes, as the page has them.
    """
    figure = _figure(1.3 + 0.36 * len(figures))
    axes = figure.add_subplot()
    names = [each.id for each in figures]
    left = [0.0] * len(figures)
    for outcome, (colour, hatch) in OUTCOMES.items():
        shares = [100 * each.outcomes.get(outcome, 0) / each.count for each in figures]
        if any(shares):
            axes.barh(
                names, shares, left=left, height=0.72, color=colour, hatch=hatch, edgecolor="#333333",
                linewidth=0.6, label=words[outcome],
            )  # fmt: skip
            left = [start + share for start, share in zip(left, shares, strict=True)]
    axes.set(xlabel="% of the submissions", xlim=(0, 100))
    axes.invert_yaxis()
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", ncols=4, frameon=False, fontsize=LETTERS)
    return _svg(figure)


def _figure(height: float) -> Any:
    from matplotlib.figure import Figure  # half a second, for those who want a report only

    return Figure(figsize=(WIDTH, height), layout="constrained")


def _svg(figure: Any) -> bytes:
    import matplotlib

    for axes in figure.axes:
        for text in (axes.xaxis.label, axes.yaxis.label, *axes.get_xticklabels(), *axes.get_yticklabels()):
            text.set_fontsize(LETTERS)
    drawn = io.BytesIO()
    # Letters as outlines, which need no font of the reader's; ids without chance, no date.
    with matplotlib.rc_context({"svg.fonttype": "path", "svg.hashsalt": "grader", "hatch.linewidth": 0.6}):
        figure.savefig(drawn, format="svg", metadata={"Date": None, "Creator": None})
    return drawn.getvalue()

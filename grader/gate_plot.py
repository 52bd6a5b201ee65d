"""Draws a gate: the figures of the reference and of each wrong solution, and the mark between them."""

from __future__ import annotations

import importlib
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from grader.gate_file import GateRecord
from grader.sequential import FAIL_AT_ONCE, PASS_AT_ONCE
from grader.thresholds import Figures

_BINS = 60
_NEAR = 6.0  # spreads of one run, to each side of the mark, in the lower picture
_COLOURS = ("#0072b2", "#e69f00", "#009e73", "#cc79a7", "#56b4e9", "#d55e00", "#999999")


def plot_gate(
    path: Path, gate: str, record: GateRecord, reference: Figures, wrong: Mapping[str, Figures]
) -> bool:
    """Write a PNG: all figures, and below it those near the mark; without matplotlib nothing is drawn.

    :returns: whether a picture was written.
    """
    try:
        figure_module = importlib.import_module("matplotlib.figure")
    except ImportError:
        return False
    drawn = {"reference": reference, **wrong}
    every = [value for figures in drawn.values() for value in figures.values] + [record.threshold]
    picture = figure_module.Figure(figsize=(8, 6), layout="constrained")
    whole, near = picture.subplots(2, 1)
    _draw(whole, record, drawn, min(every), max(every))
    room = _NEAR * record.sd_run or abs(record.threshold)
    right = [record.threshold, *reference.values]
    _draw(
        near,
        record,
        drawn,
        min(min(right), record.threshold - room),
        max(max(right), record.threshold + room),
    )
    _zones(near, record)
    picture.suptitle(f"{gate}: {_chances(record)}", fontsize="medium")
    whole.set(title="all runs", ylabel="runs")
    whole.legend(loc="upper center", fontsize="small")
    near.set(title="near the mark: what one run alone decides", xlabel=record.measure, ylabel="runs")
    picture.savefig(path, dpi=120)
    return True


def _draw(axes: Any, record: GateRecord, drawn: Mapping[str, Figures], low: float, high: float) -> None:
    edges = _edges(low, high, record.threshold)
    for number, (name, figures) in enumerate(drawn.items()):
        axes.hist(
            figures.values,
            bins=edges,
            alpha=0.65,
            color=_COLOURS[number % len(_COLOURS)],
            label=_label(name, figures),
        )
    axes.axvline(record.threshold, color="black", linestyle="--", label=f"mark {record.threshold:g}")
    axes.set_xlim(edges[0], edges[-1])


def _edges(low: float, high: float, mark: float) -> Sequence[float]:
    """Edges of bins, the mark among them: no bar may stand on both sides of it."""
    width = (high - low) / _BINS or 1.0
    first, last = math.floor((low - mark) / width) - 1, math.ceil((high - mark) / width) + 1
    edges: Sequence[float] = (mark + width * np.arange(first, last + 1)).tolist()
    return edges


def _label(name: str, figures: Figures) -> str:
    failed = f", {figures.failed} without a figure" if figures.failed else ""
    return f"{name} ({figures.n} runs{failed})"


def _zones(axes: Any, record: GateRecord) -> None:
    """Where one run passes or fails at once; between them the mean of three is held against the mark."""
    sign = 1.0 if record.direction == "higher" else -1.0
    low, high = axes.get_xlim()
    axes.set_ylim(top=1.2 * axes.get_ylim()[1])  # room for the words
    passes = record.threshold + sign * PASS_AT_ONCE * record.sd_run
    fails = record.threshold - sign * FAIL_AT_ONCE * record.sd_run
    for start, end, colour, text in (
        (passes, high if sign > 0 else low, "#009e73", "passes"),
        (fails, low if sign > 0 else high, "#d55e00", "fails"),
        (passes, fails, "#999999", "two more runs"),
    ):
        axes.axvspan(min(start, end), max(start, end), color=colour, alpha=0.12, linewidth=0)
        axes.text(
            0.5 * (start + end), 0.97, text, transform=axes.get_xaxis_transform(), ha="center", va="top"
        )


def _chances(record: GateRecord) -> str:
    worst = max((wrong.pass_chance_16 for wrong in record.wrong), default=None)
    rival = "" if worst is None else f",\na wrong one passes in one of 16 draws with {worst:.1g} at most"
    return f"a right solution fails with a chance of {record.false_alarm_bound:.1g} at most{rival}"

"""Draws a gate: the figures of the reference and of each wrong solution, and the mark between them."""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path

from grader.gate_file import GateRecord
from grader.thresholds import Figures

_BINS = 40


def plot_gate(
    path: Path, gate: str, record: GateRecord, reference: Figures, wrong: Mapping[str, Figures]
) -> bool:
    """Write a PNG; without matplotlib nothing is drawn.

    :returns: whether a picture was written.
    """
    try:
        figure_module = importlib.import_module("matplotlib.figure")
    except ImportError:
        return False
    drawn = {"reference": reference, **wrong}
    every = [value for figures in drawn.values() for value in figures.values] + [record.threshold]
    picture = figure_module.Figure(figsize=(8, 4), layout="constrained")
    axes = picture.add_subplot()
    for name, figures in drawn.items():
        if len(figures.values):
            axes.hist(
                figures.values,
                bins=_BINS,
                range=(min(every), max(every)),
                alpha=0.6,
                label=f"{name} ({figures.n} runs)",
            )
    axes.axvline(record.threshold, color="black", linestyle="--", label=f"pass {record.threshold:g}")
    axes.set(
        title=f"{gate}: a right solution fails with a chance of {record.false_alarm_bound:.1g} at most",
        xlabel=record.measure,
        ylabel="runs",
    )
    axes.legend()
    picture.savefig(path, dpi=120)
    return True

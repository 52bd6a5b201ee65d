"""``grader calibrate``: measures the pass marks of training runs, and checks this machine against them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from grader.calibrate import calibrate as run_calibration
from grader.calibrate import check as run_check
from grader.commands.console import EXIT_EXPECTATION, as_status, course, err, fail, out
from grader.gate_file import GateRecord
from grader.gate_status import GateState, gate_states
from grader.gate_table import COLUMNS, row
from grader.launch import Fresh, Launcher, Zygote
from grader.standalone import subjects
from grader.stopping import Stopping

RUNS = ".calibration"  # finished runs and plots, by assignment; git does not see it


def calibrate(
    assignment: Annotated[str, typer.Argument(help="Which assignment.")],
    gates: Annotated[list[str] | None, typer.Argument(help="Which gates; all by default.")] = None,
    seeds: Annotated[
        int | None, typer.Option(help="Runs of each solution, instead of assignment.toml's.")
    ] = None,
    check: Annotated[
        bool, typer.Option("--check", help="Run the reference a few times; fail if it leaves its band.")
    ] = False,
    status: Annotated[
        bool, typer.Option("--status", help="Say which gates hold and which are stale; nothing is run.")
    ] = False,
    resume: Annotated[bool, typer.Option(help="Go on with the runs that were finished before.")] = True,
    accept_weak: Annotated[
        bool, typer.Option("--accept-weak", help="Write a gate that lets too much through; the file says so.")
    ] = False,
) -> None:
    """Measure the pass marks of training runs; goes on where it was stopped.

    Runs the reference and the declared wrong solutions, writes the assignment's gates.toml, and draws a
    plot per gate into .calibration. docs/calibration.md has the rules.
    """
    here = course()
    chosen = here.assignment(assignment)
    if status:
        _show_states(gate_states(here, chosen, gates or []))
        return
    stopping = Stopping()
    with as_status(stopping), stopping, tempfile.TemporaryDirectory(prefix="grader-") as scratch:
        launcher: Launcher = Zygote(Path(scratch)) if sys.platform == "linux" else Fresh(Path(scratch))
        try:
            with _bars() as bars:
                progress = _Reporter(bars)
                make = subjects(launcher, chosen)
                if check:
                    complaints = run_check(
                        here, chosen, gates or [], make, seeds=seeds or 3, progress=progress
                    )
                    records = {}
                else:
                    folder = here.root / RUNS / chosen.id
                    records = run_calibration(
                        here,
                        chosen,
                        gates or [],
                        seeds,
                        folder,
                        progress,
                        make,
                        resume=resume,
                        accept_weak=accept_weak,
                    )
        finally:
            launcher.close()
    if check:
        for complaint in complaints:
            err.print(complaint, style="red")
        if complaints:
            raise fail("the reference is not where its calibration says", EXIT_EXPECTATION)
        out.print(f"{assignment}: the reference lies within its calibrated bands")
        return
    out.print(_table(records))


def _columns(title: str, names: Sequence[str]) -> Table:
    table = Table(title=title, title_justify="left")
    for name in names:
        # Names of wrong solutions are long, and not to be cut.
        table.add_column(name, overflow="fold", no_wrap=name in ("gate", "date"))
    return table


def _table(records: dict[str, GateRecord]) -> Table:
    table = _columns("Calibrated gates", COLUMNS)
    for name, record in records.items():
        table.add_row(*row(name, record))
    return table


def _show_states(states: list[GateState]) -> None:
    """:raises typer.Exit: with status 1, if a gate is stale."""
    table = _columns("Gates", ("gate", "state", "n", "date", "versions", *COLUMNS[3:]))
    for state in states:
        told = "stale: " + "; ".join(state.stale) if state.stale else "current"
        record = state.record
        if record is None:
            table.add_row(state.gate, told)
            continue
        kept = [f"{name} {version}" for name, version in record.versions.items()]
        here = [f"{name} {version}" for name, version in state.other_versions.items()]
        said = ", ".join(kept) + (f"; here {', '.join(here)}" if here else "")
        table.add_row(state.gate, told, str(record.n), record.date, said, *row(state.gate, record)[3:])
    out.print(table)
    if any(state.stale for state in states):
        raise fail("not every gate is current: `grader calibrate` makes the missing runs", EXIT_EXPECTATION)


class _Reporter:
    """Progress of a calibration: a bar for each solution."""

    def __init__(self, bars: Progress) -> None:
        self.bars = bars
        self.tasks: dict[tuple[str, str], TaskID] = {}

    def __call__(self, gate: str, solution: str, done: int, total: int) -> None:
        key = (gate, solution)
        if key not in self.tasks:
            self.tasks[key] = self.bars.add_task(f"{gate} {solution}", total=total)
        self.bars.update(self.tasks[key], completed=done, total=total)


def _bars() -> Progress:
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=err)

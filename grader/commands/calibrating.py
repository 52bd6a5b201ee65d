"""``grader calibrate``: measures the pass marks of training runs, and checks this machine against them."""

from __future__ import annotations

import sys
import tempfile
from collections.abc import Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path
from typing import Annotated, Literal

import typer
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from grader import gpu_lock
from grader.calibrate import calibrate as run_calibration
from grader.calibrate import check as run_check
from grader.commands.console import EXIT_EXPECTATION, as_status, course, err, fail, out
from grader.config import Assignment, Course
from grader.faults import NotRunHere
from grader.gate_file import GateRecord
from grader.gate_status import GateState, gate_states
from grader.gate_table import COLUMNS, row
from grader.launch import Fresh, Launcher, Plan, Worker, Zygote
from grader.race_calibrate import calibrate_races, chosen_races
from grader.race_status import RaceState, race_states
from grader.site import card_now, first_card, site_of
from grader.standalone import subjects
from grader.stopping import Stopping
from grader.subject import Subject
from grader.worker import nodes

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
    device: Annotated[
        Literal["cpu", "cuda"], typer.Option(help="cuda: the GPU questions, on the card of this machine.")
    ] = "cpu",
) -> None:
    """Measure the pass marks of training runs; goes on where it was stopped.

    Runs the reference and the declared wrong solutions, writes the assignment's gates.toml, and draws a
    plot per gate into .calibration. docs/calibration.md has the rules.
    """
    here = course()
    chosen = here.assignment(assignment)
    if status:
        named = gates or []
        known = [name for name in named if name in chosen.races]
        if chosen.races and (known or not named):
            _show_races(race_states(here, chosen, known))
        rest = [name for name in named if name not in known]
        if rest or not named:
            _show_states(gate_states(here, chosen, rest))
        return
    if device == "cuda":
        if check:
            raise fail("--check is for gates: a race looks at the reference's times whenever it is run")
        _races(here, chosen, gates or [], seeds, resume=resume, accept_weak=accept_weak)
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


def _races(
    here: Course,
    chosen: Assignment,
    races: list[str],
    seeds: int | None,
    *,
    resume: bool,
    accept_weak: bool,
) -> None:
    """Calibrate races on the first GPU of this machine.

    :raises typer.Exit: there is none that can be used, or nothing to calibrate.
    """
    if not chosen.races:
        raise fail(f"{chosen.id} has no GPU question with a race")
    chosen_races(chosen, races)
    whole = chosen.with_optional()
    stopping, turn = Stopping(), ExitStack()
    with as_status(stopping), stopping, turn, tempfile.TemporaryDirectory(prefix="grader-") as scratch:
        try:
            card = first_card()
            turn.enter_context(gpu_lock.held(card.uuid))
            card = card_now(card)
        except NotRunHere as error:
            raise fail(f"nothing is calibrated: {error}") from None
        launcher = Zygote(Path(scratch), devices=nodes.nodes())
        turn.callback(launcher.close)

        def start(uuid: str) -> Worker:
            memory = whole.limits.gpu_memory_mb << 20
            return launcher.start(Plan(Path(scratch), {}, {}, 0, device=uuid, memory_bytes=memory))

        def make(race: str, folder: Path) -> AbstractContextManager[Subject]:
            module = Path(whole.questions[race].file).stem if race in whole.questions else None
            seconds = 2.0 * whole.races[race].seconds
            opened = subjects(launcher, whole, module=module, device=card.uuid, seconds=seconds)
            return opened(folder)

        try:
            site = site_of(card, start)
            with _bars() as bars:
                folder, progress = here.root / RUNS / whole.id, _Reporter(bars)
                records = calibrate_races(
                    here,
                    whole,
                    races,
                    seeds,
                    folder,
                    progress,
                    make,
                    site,
                    resume=resume,
                    accept_weak=accept_weak,
                )
        except NotRunHere as error:
            raise fail(f"nothing is calibrated: {error}") from None
    out.print(_race_table([RaceState(name, record) for name, record in records.items()]))


RACE_COLUMNS = ("race", "card", "state", "score", "pass", "seconds a round", "ratio passes up to", "date")


def _race_table(states: Sequence[RaceState]) -> Table:
    table = _columns("GPU questions", RACE_COLUMNS)
    for state in states:
        record = state.record
        if record is None:
            table.add_row(state.race, "none", "calibrated on no card: not graded anywhere")
            continue
        table.add_row(
            state.race,
            record.device,
            "stale: " + "; ".join(state.stale) if state.stale else "current",
            f"{record.mean:.4g} ± {record.sd:.2g} (n={record.n})",
            f"{record.threshold:.4g}",
            f"{record.time.mean:.3g} ± {record.time.sd:.2g}",
            f"{record.ratio.mark:.3g}",
            record.date,
        )
    return table


def _show_races(states: list[RaceState]) -> None:
    """:raises typer.Exit: with status 1, if one is stale on a card that it was calibrated on."""
    out.print(_race_table(states))
    if any(state.stale for state in states):
        raise fail("not every race is current: calibrate again on that card", EXIT_EXPECTATION)


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

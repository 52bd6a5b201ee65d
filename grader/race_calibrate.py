"""Calibrates races on the card of this machine, by rounds of the reference against itself and of mistakes."""

from __future__ import annotations

import datetime
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager, ExitStack
from pathlib import Path

import msgspec

from grader.bench import Bench
from grader.beside import load
from grader.calibrate import Progress, solution
from grader.calibration_runs import Run, RunStore, versions
from grader.config import Assignment, Course
from grader.faults import GraderFault, Mismatch, SubmissionFault
from grader.gate_basis import MEASURE, REFERENCE, race_basis
from grader.gate_file import RaceRecord, load_gates, load_races, write_gates
from grader.race_marks import ratio_record, seconds_record
from grader.races import Race, made
from grader.seeds import seed_for
from grader.site import Site
from grader.subject import Subject
from grader.thresholds import Circumstances, Figures, calibrated

LEAST_SEEDS = 20  # rounds: below it a mark says little
_CALIBRATION = 0  # the seed that all calibrations start from, as in grader.calibrate

# A subject for one round of the solution in a folder, of a race; its workers end with it.
MakeRunner = Callable[[str, Path], AbstractContextManager[Subject]]


def calibrate_races(
    course: Course,
    assignment: Assignment,
    races: Sequence[str],
    seeds: int | None,
    out: Path,
    progress: Progress | None,
    make_runner: MakeRunner,
    site: Site,
    *,
    resume: bool = True,
    accept_weak: bool = False,
) -> dict[str, RaceRecord]:
    """Calibrate races on one card and write them to gates.toml; other cards and gates in it stay as they are.

    :param races: ids; none means all of the assignment.
    :param seeds: rounds of each solution; None means what assignment.toml says.
    :param out: folder for the finished rounds; with ``resume`` rounds found there are not run again.
    :returns: the records.
    :raises GraderFault: no such race, too few rounds, the reference fails, or a mark is too weak.
    """
    if seeds is not None and seeds < LEAST_SEEDS:
        raise GraderFault(f"a race is calibrated with {LEAST_SEEDS} rounds at least, not {seeds}")
    store = RunStore(out, resume=resume)
    measures, bench = load(assignment.folder / "measure_gpu.py"), Bench(assignment.folder)
    known = {
        name: dict(cards)
        for name, cards in load_races(assignment.gates_path).items()
        if name in assignment.races
    }
    done: dict[str, RaceRecord] = {}
    for name in chosen_races(assignment, races):
        spec = assignment.races[name]
        race = made(name, spec, measures, bench, seed_for(_CALIBRATION, f"calibrate {name}"), site)
        with ExitStack() as stack:
            folders = {
                each: stack.enter_context(solution(course, assignment, each))
                for each in (REFERENCE, *spec.wrong)
            }
            bases = {each: race_basis(assignment, name, folder) for each, folder in folders.items()}
            runs = {
                each: _runs(
                    race,
                    store,
                    each,
                    folders,
                    "-".join(bases[each]),
                    seeds or spec.seeds,
                    make_runner,
                    progress,
                )
                for each in folders
            }
        rests_on = {MEASURE: bases[REFERENCE][0], **{each: code for each, (_, code) in bases.items()}}
        record = _record(race, runs, rests_on, accept_weak=accept_weak)
        known.setdefault(name, {})[site.name] = done[name] = record
        write_gates(assignment.gates_path, load_gates(assignment.gates_path), known)
    return done


def chosen_races(assignment: Assignment, races: Sequence[str]) -> list[str]:
    """The races that were named, or all.

    :raises GraderFault: there is no such race.
    """
    for race in races:
        if race not in assignment.races:
            known = ", ".join(assignment.races) or "none"
            raise GraderFault(f"no race {race!r} in {assignment.id}; there are: {known}")
    return list(races) or list(assignment.races)


def _record(
    race: Race, runs: Mapping[str, list[Run]], rests_on: dict[str, str], *, accept_weak: bool
) -> RaceRecord:
    spec, site = race.spec, race.site
    figures = {name: _figures(made) for name, made in runs.items()}
    about = Circumstances(
        measure=spec.measure,
        device=site.name,
        date=max(run.date for made in runs.values() for run in made),
        versions=runs[REFERENCE][0].versions,
        rests_on=rests_on,
    )
    right = figures.pop(REFERENCE)
    gate = calibrated(right, figures, about, direction=spec.direction, accept_weak=accept_weak)
    times = [run.times for run in runs[REFERENCE] if run.times is not None]
    return RaceRecord(
        **msgspec.structs.asdict(gate),
        rounds=spec.rounds,
        driver=site.card.driver if site.card else "",
        ratio=ratio_record([math.log(one / other) for one, other in times], spec.rounds, spec.slack),
        time=seconds_record([seconds for pair in times for seconds in pair]),
    )


def _figures(runs: Sequence[Run]) -> Figures:
    values = [run.figure for run in runs if run.figure is not None]
    return Figures(values, failed=len(runs) - len(values))


def _runs(
    race: Race,
    store: RunStore,
    name: str,
    folders: Mapping[str, Path],
    code: str,
    seeds: int,
    make_runner: MakeRunner,
    progress: Progress | None,
) -> list[Run]:
    """The rounds of one solution beside the reference, made or found.

    :raises GraderFault: the reference gave no figure.
    """
    done: list[Run] = []
    for index in range(seeds):
        run = Run(
            gate=race.id,
            solution=name,
            index=index,
            seed=race.seed,
            figure=None,
            seconds=0.0,
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            device=race.site.name,
            versions=versions(),
            digest=code,
        )
        found = store.find(run)
        if found is None:
            found = _run(race, run, index, folders[name], folders[REFERENCE], make_runner)
            store.add(found)
        done.append(found)
        if progress is not None:
            progress(race.id, name, index + 1, seeds)
    return done


def _run(race: Race, run: Run, index: int, folder: Path, right: Path, make_runner: MakeRunner) -> Run:
    race.site.roomy(race.spec.memory_mb << 20)
    with make_runner(race.id, folder) as subject, make_runner(race.id, right) as reference:
        reference.role = REFERENCE
        try:
            lap = race.lap(index, subject, reference)
        except (SubmissionFault, Mismatch) as fault:
            ours = isinstance(fault, SubmissionFault) and fault.role == REFERENCE
            if run.solution == REFERENCE or ours:
                raise GraderFault(
                    f"{race.id}: round {index + 1} of the reference gives no figure: {fault.summary}"
                ) from None
            return msgspec.structs.replace(run, fault=fault.summary)
    times = (lap.student, lap.reference)
    return msgspec.structs.replace(run, figure=lap.figure, seconds=round(sum(times), 3), times=times)

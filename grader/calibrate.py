"""Calibrates gates: runs the reference and the declared wrong solutions and writes gates.toml."""

from __future__ import annotations

import datetime
import math
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from grader.band_file import bands_of, curves_of, load_bands, write_bands
from grader.bench import Bench
from grader.beside import load
from grader.calibration_runs import Run, RunStore, versions
from grader.config import Assignment, Course
from grader.faults import GraderFault, Mismatch, SubmissionFault
from grader.gate_basis import MEASURE, REFERENCE, basis
from grader.gate_file import Direction, GateRecord, load_gates, write_gates
from grader.gate_plot import plot_gate
from grader.gates import MeasureFunction, measure_function, run_measure
from grader.measured import Measured
from grader.mistakes import plant
from grader.seeds import seed_for
from grader.thresholds import Circumstances, Figures, band, calibrated

_CALIBRATION = 0  # the seed that all calibrations start from: the same runs are made everywhere

# A subject, in the role of the student, for one run of the solution in a folder; its worker ends with it.
MakeSubject = Callable[[Path], AbstractContextManager[Any]]
# gate, solution, runs done, runs in all
Progress = Callable[[str, str, int, int], None]


@dataclass(frozen=True)
class _Calibration:
    """What all runs of a calibration share."""

    assignment: Assignment
    bench: Bench
    measures: Any
    make_subject: MakeSubject
    device: str

    def measure(self, gate: str) -> MeasureFunction:
        return measure_function(self.measures, self.assignment.gates[gate].measure)

    def run(self, gate: str, folder: Path, seed: int) -> tuple[Measured | None, str]:
        """What one run gave, or None and why it gave nothing."""
        try:
            with self.make_subject(folder) as subject:
                measured = run_measure(self.measure(gate), subject, self.bench, seed)
        except (SubmissionFault, Mismatch) as fault:
            return None, fault.summary
        return (measured, "") if math.isfinite(measured.figure) else (None, "the figure is not finite")


def calibrate(
    course: Course,
    assignment: Assignment,
    gates: Sequence[str],
    seeds: int | None,
    out: Path,
    progress: Progress | None,
    make_subject: MakeSubject,
    *,
    resume: bool = True,
    accept_weak: bool = False,
    direction: Direction = "higher",
    device: str = "cpu",
) -> dict[str, GateRecord]:
    """Calibrate gates and write them to the assignment's gates.toml; others in the file stay as they are.

    :param gates: ids; none means all of the assignment.
    :param seeds: runs of each solution; None means what assignment.toml says.
    :param out: folder for the finished runs and the plots; with ``resume`` runs found there are not made
        again.
    :param accept_weak: write a gate that lets too much through, and say so in it.
    :returns: the records of the calibrated gates.
    :raises GraderFault: no such gate, the reference fails, or a gate is too weak. Finished runs are kept.
    """
    shared = _share(assignment, make_subject, device)
    store = RunStore(out, resume=resume)
    chosen = chosen_gates(assignment, gates)
    bands = {name: band for name, band in load_bands(assignment.folder).items() if name in assignment.gates}
    records = {
        name: record for name, record in load_gates(assignment.gates_path).items() if name in assignment.gates
    }
    for gate in chosen:
        spec = assignment.gates[gate]
        with ExitStack() as stack:
            # All of them at once: a name that does not exist shows before the first run, not after an hour.
            names = (REFERENCE, *spec.wrong)
            folders = {name: stack.enter_context(solution(course, assignment, name)) for name in names}
            bases = {name: basis(assignment, gate, folder) for name, folder in folders.items()}
            runs = {
                name: _runs(
                    shared, store, gate, name, folder, "-".join(bases[name]), seeds or spec.seeds, progress
                )
                for name, folder in folders.items()
            }
        figures = {name: _figures(done) for name, done in runs.items()}
        circumstances = Circumstances(
            measure=spec.measure,
            device=device,
            date=max(run.date for done in runs.values() for run in done),
            versions=runs[REFERENCE][0].versions,
            rests_on={MEASURE: bases[REFERENCE][0], **{name: code for name, (_, code) in bases.items()}},
        )
        reference = figures.pop(REFERENCE)
        record = calibrated(reference, figures, circumstances, direction=direction, accept_weak=accept_weak)
        plot_gate(out / f"{gate}.png", gate, record, reference, figures)
        records[gate] = record
        bands[gate] = bands_of([run.lines for run in runs[REFERENCE]])
        write_gates(assignment.gates_path, records)
        write_bands(assignment.folder, bands)
    return {gate: records[gate] for gate in chosen}


def check(
    course: Course,
    assignment: Assignment,
    gates: Sequence[str],
    make_subject: MakeSubject,
    *,
    seeds: int = 3,
    progress: Progress | None = None,
    device: str = "cpu",
) -> list[str]:
    """Whether fresh runs of the reference lie where its calibration says; a complaint for each that does not.

    A run outside means that this machine is not fit for grading, or that the reference changed since.
    """
    shared = _share(assignment, make_subject, device)
    records = load_gates(assignment.gates_path)
    complaints = []
    with solution(course, assignment, REFERENCE) as folder:
        for gate in chosen_gates(assignment, gates):
            if gate not in records:
                complaints.append(f"{gate} is not calibrated")
                continue
            low, high = band(records[gate])
            for index in range(seeds):
                measured, fault = shared.run(
                    gate, folder, seed_for(_CALIBRATION, f"check {gate} run {index}")
                )
                if progress is not None:
                    progress(gate, REFERENCE, index + 1, seeds)
                if measured is None:
                    complaints.append(f"{gate}: run {index + 1} of the reference gives no figure: {fault}")
                elif not low <= measured.figure <= high:
                    complaints.append(
                        f"{gate}: run {index + 1} of the reference gives {measured.figure:.4g}, outside its "
                        f"band {low:.4g} to {high:.4g}: this machine is not fit, or the reference has changed"
                    )
    return complaints


def chosen_gates(assignment: Assignment, gates: Sequence[str]) -> list[str]:
    """The gates that were named, or all.

    :raises GraderFault: there is no such gate.
    """
    for gate in gates:
        if gate not in assignment.gates:
            known = ", ".join(assignment.gates) or "none"
            raise GraderFault(f"no gate {gate!r} in {assignment.id}; there are: {known}")
    return list(gates) or list(assignment.gates)


def _share(assignment: Assignment, make_subject: MakeSubject, device: str) -> _Calibration:
    measures = load(assignment.folder / "measure.py")
    return _Calibration(assignment, Bench(assignment.folder), measures, make_subject, device)


@contextmanager
def solution(course: Course, assignment: Assignment, name: str) -> Iterator[Path]:
    """The folder of the reference, or of the reference with a known mistake planted."""
    if name == REFERENCE:
        folder = course.reference(assignment.id)
        if folder is None:
            raise GraderFault("this course has no reference: it is a student release")
        yield folder
        return
    with tempfile.TemporaryDirectory(prefix="calibrate-") as into:
        yield plant(course, assignment.id, name, Path(into) / "planted")


def _runs(
    shared: _Calibration,
    store: RunStore,
    gate: str,
    name: str,
    folder: Path,
    code: str,
    seeds: int,
    progress: Progress | None,
) -> list[Run]:
    """The runs of one solution, made or found.

    :param code: digest of what they rest on.
    :raises GraderFault: the reference gave no figure.
    """
    done: list[Run] = []
    for index in range(seeds):
        seed = seed_for(_CALIBRATION, f"calibrate {gate} run {index}")
        run = Run(
            gate=gate,
            solution=name,
            index=index,
            seed=seed,
            figure=None,
            seconds=0.0,
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            device=shared.device,
            versions=versions(),
            digest=code,
        )
        found = store.find(run)
        if found is None:
            started = time.monotonic()
            measured, fault = shared.run(gate, folder, seed)
            if measured is None and name == REFERENCE:
                raise GraderFault(f"{gate}: run {index + 1} of the reference gives no figure: {fault}")
            found = msgspec.structs.replace(
                run,
                figure=measured.figure if measured else None,
                fault=fault,
                seconds=round(time.monotonic() - started, 3),
                lines=curves_of(measured.pictures) if measured and name == REFERENCE else {},
            )
            store.add(found)
        done.append(found)
        if progress is not None:
            progress(gate, name, index + 1, seeds)
    return done


def _figures(runs: Sequence[Run]) -> Figures:
    values = [run.figure for run in runs if run.figure is not None]
    return Figures(values, failed=len(runs) - len(values))

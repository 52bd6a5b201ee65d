"""Judges a noisy figure: trains the subject on secret seeds and holds it against a calibrated mark."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from types import ModuleType
from typing import Any, Protocol

from grader.allowance import Allowance
from grader.band_file import StoredBand, load_bands
from grader.config import Assignment
from grader.faults import GraderFault, Mismatch
from grader.gate_file import GateRecord, load_gates
from grader.measured import Measured
from grader.pictures import Curves, Picture
from grader.scoring import Figure
from grader.seeds import seed_for
from grader.sequential import RUNS, decide
from grader.values import is_number

__all__ = ["Gate", "Measured", "find_gate", "measure_function", "run_measure"]


class Trained(Protocol):
    """A subject, as far as a gate knows it."""

    @property
    def evidence(self) -> list[dict[str, Any]]:
        """What runs left behind, for the recognition of mistakes."""

    @property
    def allowance(self) -> Allowance:
        """What it may spend."""

    @property
    def notes(self) -> list[str]:
        """What is worth knowing whatever the outcome."""


MeasureFunction = Callable[[Any, Any, int], float | Measured]


@dataclass(frozen=True)
class Gate:
    """A calibrated gate, ready to judge.

    :param measure: ``measure(subject, bench, seed)`` runs the subject and gives its figure.
    :param seed: the grading seed.
    :param show: takes the pictures of each run, its curves beside the reference's bands.
    :param seconds: of computing, for each run; None: the test's limit alone.
    :param data_bytes: the most data that the submission may hold; None: it does not matter.
    :param held_bytes: what it holds.
    :param rank: takes the figure for a leaderboard (:class:`grader.scoring.Figure`).
    """

    id: str
    record: GateRecord
    measure: MeasureFunction
    bench: Any
    seed: int
    show: Callable[[Picture], None] | None = None
    bands: Mapping[str, Mapping[str, StoredBand]] = field(default_factory=dict)
    seconds: float | None = None
    data_bytes: int | None = None
    held_bytes: int = 0
    rank: Callable[[Figure], None] | None = None

    def judge(self, subject: Trained) -> None:
        """Fail the test unless the subject passes the sequential rule; either way the margin is told.

        :raises Mismatch: it does not; the message says what a right solution reaches, what this one did, and
            the mark. Or it does and holds so much data that nobody can tell whether it was trained.
        """
        sign = 1.0 if self.record.direction == "higher" else -1.0
        figures: list[float] = []
        passed: bool | None = None
        while passed is None:
            figures.append(self._figure(subject, len(figures)))
            if len(figures) in (1, RUNS):
                turned = [sign * figure for figure in figures]
                passed = decide(turned, sign * self.record.threshold, self.record.sd_run)
        typed = self.data_bytes is not None and self.held_bytes > self.data_bytes
        if self.rank and not typed:  # which were rather trained elsewhere
            value = round(sum(figures) / len(figures), 4)
            self.rank(Figure(value, "desc" if sign > 0 else "asc"))
        if not passed:
            raise Mismatch(margin(self.record, figures))
        if typed:
            assert self.data_bytes is not None
            raise Mismatch(typed_in(self.held_bytes, self.data_bytes))
        subject.notes.append(margin(self.record, figures))

    def _figure(self, subject: Trained, run: int) -> float:
        seed = seed_for(self.seed, f"gate {self.id} run {run}")
        with subject.allowance.at_most(self.seconds):
            measured = run_measure(self.measure, subject, self.bench, seed)
        subject.evidence.append(measured.evidence)
        for picture in measured.pictures if self.show else ():
            self._show(picture)
        if not math.isfinite(measured.figure):
            raise Mismatch(margin(self.record, [measured.figure]))
        return measured.figure

    def _show(self, picture: Picture) -> None:
        assert self.show is not None
        if isinstance(picture, Curves):
            bands = {label: stored.band() for label, stored in self.bands.get(picture.name, {}).items()}
            picture = replace(picture, bands=bands)
        self.show(picture)


def find_gate(
    assignment: Assignment,
    gate_id: str,
    measures: ModuleType,
    bench: Any,
    seed: int,
    show: Callable[[Picture], None] | None = None,
) -> Gate:
    """The gate of an assignment by its id.

    :param measures: measure.py of the assignment.
    :param show: takes the pictures of the runs; None where nobody wants any.
    :raises GraderFault: no such gate, not calibrated, or calibrated with another measure.
    """
    if gate_id not in assignment.gates:
        known = ", ".join(assignment.gates) or "none"
        raise GraderFault(f"no gate {gate_id!r} in {assignment.id}; there are: {known}")
    record = load_gates(assignment.gates_path).get(gate_id)
    if record is None:
        raise GraderFault(f"{gate_id} is not calibrated: run `grader calibrate {assignment.id}`")
    name = assignment.gates[gate_id].measure
    if record.measure != name:
        raise GraderFault(
            f"{gate_id} was calibrated with {record.measure!r}, and {name!r} is asked: calibrate again"
        )
    bands = load_bands(assignment.folder).get(gate_id, {}) if show else {}
    spec = assignment.gates[gate_id]
    measure = measure_function(measures, name)
    return Gate(gate_id, record, measure, bench, seed, show, bands, spec.seconds, spec.data_bytes)


def measure_function(measures: ModuleType, name: str) -> MeasureFunction:
    """:raises GraderFault: measure.py has no such function."""
    function = getattr(measures, name, None)
    if not callable(function):
        raise GraderFault(f"{measures.__name__} has no function {name!r}")
    measure: MeasureFunction = function
    return measure


def run_measure(measure: MeasureFunction, subject: Any, bench: Any, seed: int) -> Measured:
    """One run of a subject.

    :raises GraderFault: the measure gave no number.
    """
    result = measure(subject, bench, seed)
    measured = result if isinstance(result, Measured) else Measured(result)
    if not is_number(measured.figure):
        raise GraderFault(f"a measure gives a number, not a {type(measured.figure).__name__}")
    return Measured(float(measured.figure), measured.evidence, measured.pictures)


def margin(record: GateRecord, figures: list[float]) -> str:
    """How far from passing: "a right solution reaches 0.975 ± 0.003, yours 0.921, pass 0.94".

    The figure is the judge's own and the mark is public, so a hidden test shows it too: it tells whether to
    go on.
    """
    digits = 3 if record.sd == 0 else min(6, max(2, -math.floor(math.log10(record.sd))))
    yours = sum(figures) / len(figures)
    shown = _on_its_side(record, yours, digits) if math.isfinite(yours) else "not a number"
    runs = f" (mean of {len(figures)} runs)" if len(figures) > 1 else ""
    return (
        f"a right solution reaches {record.mean:.{digits}f} ± {record.sd:.{digits}f}, "
        f"yours {shown}{runs}, pass {record.threshold:.{_mark_digits(record.threshold)}f}"
    )


def typed_in(held: int, allowed: int) -> str:
    """Why a figure does not count whose weights may have been handed in."""
    return (
        f"the mark is reached, but your files hold {held:,} bytes of data (numbers, and text that is neither "
        f"code nor prose) and {allowed:,} are allowed: weights are to be trained, not typed in"
    )


def _on_its_side(record: GateRecord, figure: float, digits: int) -> str:
    """A figure with as many digits as it takes to show its side of the mark: 0.9596 beside 0.96."""
    for more in range(digits, digits + 6):
        text = f"{figure:.{more}f}"
        if (float(text) < record.threshold) == (figure < record.threshold) and (
            float(text) > record.threshold
        ) == (figure > record.threshold):
            return text
    return repr(figure)


def _mark_digits(threshold: float) -> int:
    """As many decimals as the threshold has, at least two; three significant digits are enough to be read."""
    return max(2, len(f"{threshold:.3g}".partition(".")[2]))

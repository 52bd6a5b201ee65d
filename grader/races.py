"""Judges a run by its score and by its time beside the reference's, each round in processes of their own.

One round of one subject: a new worker imports the submission and is warmed up with nothing but the size; then
the judge sends what it has drawn, and its clock runs from the first byte of that to the last byte of the last
answer. Student and reference take turns, in an order that is drawn; only one of them has a process at a time.
What is judged is the median of the paired ratios, so that a slow machine is slow for both.

No time counts that no card can reach: below the floor of its work a round is invalid, not fast. And where the
reference itself leaves the band in which it was calibrated, nothing is judged on that machine.
"""

from __future__ import annotations

import math
import statistics
from collections.abc import Callable
from dataclasses import dataclass, field
from types import ModuleType
from typing import Any

import numpy as np

from grader.config import Assignment, RaceSpec
from grader.faults import GraderFault, Mismatch, NotRunHere
from grader.gate_file import RaceRecord, load_races
from grader.gates import margin, typed_in
from grader.measured import Measured
from grader.rounds import Round, Work
from grader.scoring import Figure
from grader.seeds import seed_for
from grader.sequential import RUNS, decide
from grader.site import Site
from grader.subject import Subject
from grader.values import Value, is_number

REHEARSED_ROUNDS = 2  # enough to see that a second one works; nobody is judged by these times
ANOTHER_FORM = "the answers have another form than is asked: they lack an entry or a dimension, say"
STUDENT, REFERENCE = "student", "reference"

Draw = Callable[[np.random.Generator, dict[str, int | float | str]], Round]


@dataclass(frozen=True)
class Lap:
    """One round.

    :param student, reference: seconds of each.
    :param figure, wanted: the scores of each.
    """

    student: float
    reference: float
    figure: float
    wanted: float

    @property
    def ratio(self) -> float:
        """The student's time over the reference's."""
        return self.student / self.reference


@dataclass(frozen=True)
class Race:
    """A race, ready to judge.

    :param draw: the function of measure_gpu.py that draws a round.
    :param work: the least work in one round.
    :param seed: of the test, from the grading seed.
    :param record: None in a rehearsal and while calibrating, where no mark is consulted.
    :param held_bytes: of data that the submission holds in all its files.
    :param rank: takes the figure for a leaderboard.
    :param keep: takes the rounds that were finished, however the race ends.
    """

    id: str
    spec: RaceSpec
    draw: Draw
    work: Work
    bench: Any
    seed: int
    site: Site
    record: RaceRecord | None = None
    held_bytes: int = 0
    rank: Callable[[Figure], None] | None = None
    keep: Callable[[Race], None] | None = None
    laps: list[Lap] = field(default_factory=list)

    @property
    def size(self) -> dict[str, int | float | str]:
        """What the functions of the race are told."""
        return dict(self.spec.toy if self.site.rehearsal else self.spec.size)

    @property
    def rounds(self) -> int:
        """Of each subject."""
        return REHEARSED_ROUNDS if self.site.rehearsal else self.spec.rounds

    @property
    def floor(self) -> float:
        """Seconds below which nobody has done the work of a round here."""
        return self.site.peak.seconds(self.work)

    def judge(self, student: Subject, reference: Subject) -> None:
        """Run all rounds and fail the test unless the student is right and fast enough.

        :raises Mismatch: it is not; the message says by how much.
        :raises NotRunHere: this machine is not fit.
        :raises GraderFault: the reference fails here.
        """
        try:
            for number in range(self.rounds):
                self.laps.append(self.lap(number, student, reference))
        finally:
            if self.keep is not None and self.laps:
                self.keep(self)
        if self.record is None:
            self._rehearsed()
        else:
            self._judged(self.record, student)

    def lap(self, number: int, student: Subject, reference: Subject) -> Lap:
        """One round of both.

        :raises Mismatch: the student's answers have another form, or came faster than they can be computed.
        """
        seed = seed_for(self.seed, f"race {self.id} round {number}")
        drawn = self.draw(np.random.default_rng(seed), self.size)
        order = [(STUDENT, student), (REFERENCE, reference)]
        if seed_for(seed, "order") % 2:
            order.reverse()
        answers: dict[str, list[Value]] = {}
        seconds: dict[str, float] = {}
        for role, subject in order:
            answers[role], seconds[role] = self.go(subject, drawn)
        if seconds[REFERENCE] < self.floor:
            raise GraderFault(
                f"{self.id}: the reference took {seconds[REFERENCE]:.3g} s, and its work takes "
                f"{self.site.name} at least {self.floor:.3g} s: the work or the table of cards is wrong"
            )
        try:
            wanted = self.scored(drawn, answers[REFERENCE], answers[REFERENCE])
        except Exception as error:
            raise GraderFault(f"{self.id}: the reference's answers cannot be scored: {error}") from error
        try:
            measured = self.scored(drawn, answers[STUDENT], answers[REFERENCE])
        except (Mismatch, GraderFault):
            raise
        except Exception as error:  # it took the reference's
            raise Mismatch(ANOTHER_FORM) from error
        student.evidence.append(measured.evidence)
        if seconds[STUDENT] < self.floor:
            raise Mismatch(
                f"a round took {seconds[STUDENT]:.3g} s, and its work takes {self.site.name} at least "
                f"{self.floor:.3g} s: it was not all done between the question and the answer"
            )
        return Lap(seconds[STUDENT], seconds[REFERENCE], measured.figure, wanted.figure)

    def go(self, subject: Subject, drawn: Round) -> tuple[list[Value], float]:
        """A round of one subject in a process of its own: its answers, and the seconds on the judge's clock.

        :raises GraderFault: another number of inputs than of functions was drawn; or memory of the device is
            still taken when the process has ended.
        """
        if len(drawn.inputs) != len(self.spec.run):
            raise GraderFault(
                f"{self.spec.measure} draws {len(drawn.inputs)} inputs for {len(self.spec.run)} functions"
            )
        device = {"device": self.site.device}
        functions = [getattr(self.bench, name) for name in self.spec.run]
        warm_up = [(getattr(self.bench, self.spec.warm_up), {**self.size, **device})]
        timed = [(call, {**given, **device}) for call, given in zip(functions, drawn.inputs, strict=True)]
        runner = subject.anew()
        try:
            with subject.allowance.at_most(self.spec.seconds):
                runner.clocked(warm_up)
                result = runner.clocked(timed)
        finally:
            runner.end()
        self.site.settled()
        return result

    def scored(self, drawn: Round, answers: list[Value], wanted: list[Value]) -> Measured:
        """
        :raises Mismatch: the answers have another form than was asked.
        :raises GraderFault: the score is no number.
        """
        result = drawn.score(answers, wanted)
        measured = result if isinstance(result, Measured) else Measured(result)
        if not is_number(measured.figure):
            raise GraderFault(f"a score is a number, not a {type(measured.figure).__name__}")
        if not math.isfinite(measured.figure):
            raise Mismatch("the score of the answers is not a number")
        return Measured(float(measured.figure), measured.evidence)

    # -- verdicts

    def _rehearsed(self) -> None:
        least = self.spec.toy_least
        if least is not None:
            mean = statistics.fmean(lap.figure for lap in self.laps)
            reached = statistics.fmean(lap.wanted for lap in self.laps)
            if self._sign * reached < self._sign * least:
                raise GraderFault(
                    f"{self.id}: the reference reaches {reached:.4g} at toy size, not {least:g}"
                )
            if self._sign * mean < self._sign * least:
                raise Mismatch(f"at toy size a right solution reaches {least:g} for sure, yours {mean:.4g}")

    def _judged(self, record: RaceRecord, student: Subject) -> None:
        self._fit(record)
        figures = [lap.figure for lap in self.laps]
        turned = [self._sign * figure for figure in figures]
        threshold = self._sign * record.threshold
        used = 1
        passed = decide(turned[:1], threshold, record.sd_run)
        if passed is None:
            used, passed = RUNS, decide(turned[:RUNS], threshold, record.sd_run)
        if not passed:
            raise Mismatch(margin(record, figures[:used]))
        if self.spec.data_bytes is not None and self.held_bytes > self.spec.data_bytes:
            raise Mismatch(typed_in(self.held_bytes, self.spec.data_bytes))
        ratio = statistics.median(lap.ratio for lap in self.laps)
        if self.rank is not None:
            self.rank(Figure(round(ratio, 4), "asc"))
        said = (
            f"{margin(record, figures[:used])}; {ratio:.3g} times as long as the reference (median of "
            f"{len(self.laps)} rounds), pass {record.ratio.mark:.3g}"
        )
        fast = not self.spec.speed or ratio <= record.ratio.mark
        if self.spec.least_share is not None:
            share = self.floor / statistics.median(lap.student for lap in self.laps)
            said += f"; {share:.2f} of what {self.site.name} can do, pass {self.spec.least_share:g}"
            fast = fast and share >= self.spec.least_share
        if not fast:
            raise Mismatch(said)
        student.notes.append(said)

    def _fit(self, record: RaceRecord) -> None:
        """
        :raises NotRunHere: the reference is not as fast or slow here as where it was calibrated.
        :raises GraderFault: it does not reach its own mark.
        """
        seconds = statistics.median(lap.reference for lap in self.laps)
        if not record.time.low <= seconds <= record.time.high:
            raise NotRunHere(
                f"this machine is not fit: the reference takes {seconds:.3g} s a round, and its band on "
                f"{record.device} is {record.time.low:.3g} to {record.time.high:.3g} s"
            )
        reached = statistics.fmean(lap.wanted for lap in self.laps)
        if self._sign * reached < self._sign * record.threshold:
            raise GraderFault(f"{self.id}: the reference reaches {reached:.4g}, pass {record.threshold:g}")

    @property
    def _sign(self) -> float:
        return 1.0 if self.spec.direction == "higher" else -1.0


def find_race(
    assignment: Assignment, race_id: str, measures: ModuleType, bench: Any, seed: int, site: Site
) -> Race:
    """The race of an assignment by its id.

    :param measures: measure_gpu.py of the assignment.
    :raises GraderFault: there is none, or it was calibrated otherwise.
    :raises NotRunHere: it was not calibrated for this card.
    """
    if race_id not in assignment.races:
        known = ", ".join(assignment.races) or "none"
        raise GraderFault(f"no race {race_id!r} in {assignment.id}; there are: {known}")
    spec = assignment.races[race_id]
    if site.rehearsal:
        return made(race_id, spec, measures, bench, seed, site)
    record = load_races(assignment.gates_path).get(race_id, {}).get(site.name)
    if record is None:
        raise NotRunHere(f"not calibrated for {site.name}: `grader calibrate {assignment.id} --device cuda`")
    if (record.measure, record.rounds) != (spec.measure, spec.rounds):
        raise GraderFault(
            f"{race_id} was calibrated with {record.measure!r} in {record.rounds} rounds, and "
            f"{spec.measure!r} in {spec.rounds} is asked: calibrate again"
        )
    return made(race_id, spec, measures, bench, seed, site, record)


def made(
    race_id: str,
    spec: RaceSpec,
    measures: ModuleType,
    bench: Any,
    seed: int,
    site: Site,
    record: RaceRecord | None = None,
) -> Race:
    """A race with its functions of measure_gpu.py.

    :raises GraderFault: one of them is not there.
    """
    draw = _function(measures, spec.measure)
    size = dict(spec.toy if site.rehearsal else spec.size)
    work = _function(measures, f"{spec.measure}_work")(size)
    return Race(race_id, spec, draw, work, bench, seed, site, record)


def _function(measures: ModuleType, name: str) -> Callable[..., Any]:
    function = getattr(measures, name, None)
    if not callable(function):
        raise GraderFault(f"{measures.__name__} has no function {name!r}")
    found: Callable[..., Any] = function
    return found

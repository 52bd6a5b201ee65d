"""Whether calibrated races still hold, told from files alone: nothing is run, and no GPU is needed."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from grader.calibrate import solution
from grader.config import Assignment, Course, RaceSpec
from grader.gate_basis import MEASURE, REFERENCE, race_basis
from grader.gate_file import RaceRecord, load_races
from grader.race_calibrate import chosen_races


@dataclass(frozen=True)
class RaceState:
    """One race on one kind of card.

    :param record: None where it was calibrated on no card at all, so that nothing is graded by it.
    :param stale: why it has to be calibrated again; empty if it is current, or was never calibrated.
    """

    race: str
    record: RaceRecord | None
    stale: tuple[str, ...] = ()


def race_states(course: Course, assignment: Assignment, races: Sequence[str] = ()) -> list[RaceState]:
    """The state of races on every card that they were calibrated on.

    :raises GraderFault: there is no such race, or no reference here.
    """
    known = load_races(assignment.gates_path)
    states = []
    for race in chosen_races(assignment, races):
        records = known.get(race, {})
        if not records:
            states.append(RaceState(race, None))
            continue
        now = _now(course, assignment, race)
        for card in sorted(records):
            stale = [*_asked_otherwise(assignment.races[race], records[card])]
            changed = [name for name, code in now.items() if records[card].rests_on.get(name, code) != code]
            stale += [f"changed since: {', '.join(changed)}"] if changed else []
            states.append(RaceState(race, records[card], tuple(stale)))
    return states


def _asked_otherwise(spec: RaceSpec, record: RaceRecord) -> list[str]:
    found = []
    if record.measure != spec.measure:
        found.append(f"measured by {record.measure}, not {spec.measure}")
    if record.rounds != spec.rounds:
        found.append(f"the mark is for {record.rounds} rounds, not {spec.rounds}")
    if record.direction != spec.direction:
        found.append(f"{record.direction} was better, not {spec.direction}")
    made = {wrong.name: wrong.n for wrong in record.wrong}
    found += [f"no rounds of {name}" for name in spec.wrong if name not in made]
    counts = {REFERENCE: record.n, **{name: n for name, n in made.items() if name in spec.wrong}}
    found += [f"{n} rounds of {name}, not {spec.seeds}" for name, n in counts.items() if n < spec.seeds]
    return found


def _now(course: Course, assignment: Assignment, race: str) -> dict[str, str]:
    """The digests of what a race rests on, as it is."""
    now = {}
    for name in (REFERENCE, *assignment.races[race].wrong):
        with solution(course, assignment, name) as folder:
            measure, code = race_basis(assignment, race, folder)
        now[name] = code
        if name == REFERENCE:
            now[MEASURE] = measure
    return now

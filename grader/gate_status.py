"""Whether calibrated gates still hold, told from files alone: nothing is run."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.calibrate import chosen_gates, solution
from grader.calibration_runs import versions
from grader.config import Assignment, Course, GateSpec
from grader.gate_basis import MEASURE, REFERENCE, basis
from grader.gate_file import GateRecord, load_gates


@dataclass(frozen=True)
class GateState:
    """One gate.

    :param record: None where it was never calibrated.
    :param stale: why it has to be calibrated again; empty if it is current.
    :param other_versions: of what is installed here, where the record names others: `--check` tells whether
        that matters.
    """

    gate: str
    record: GateRecord | None
    stale: tuple[str, ...] = ()
    other_versions: dict[str, str] = field(default_factory=dict)


def gate_states(course: Course, assignment: Assignment, gates: Sequence[str] = ()) -> list[GateState]:
    """The state of gates; none named means all of the assignment.

    :raises GraderFault: there is no such gate, or no reference here.
    """
    records = load_gates(assignment.gates_path)
    installed = versions()
    states = []
    for gate in chosen_gates(assignment, gates):
        record = records.get(gate)
        if record is None:
            states.append(GateState(gate, None, ("never calibrated",)))
            continue
        stale = _asked_otherwise(assignment.gates[gate], record)
        stale += _changed(course, assignment, gate, record)
        others = {
            name: version for name, version in installed.items() if record.versions.get(name) != version
        }
        states.append(GateState(gate, record, tuple(stale), others))
    return states


def _asked_otherwise(spec: GateSpec, record: GateRecord) -> list[str]:
    """In what assignment.toml asks for something else."""
    found = []
    if record.measure != spec.measure:
        found.append(f"measured by {record.measure}, not {spec.measure}")
    made = {wrong.name: wrong.n for wrong in record.wrong}
    found += [f"no runs of {name}" for name in spec.wrong if name not in made]
    found += [f"{name} is not among the wrong solutions any more" for name in made if name not in spec.wrong]
    counts = {REFERENCE: record.n, **made}
    found += [
        f"{count} runs of {name}, not {spec.seeds}" for name, count in counts.items() if count < spec.seeds
    ]
    return found


def _changed(course: Course, assignment: Assignment, gate: str, record: GateRecord) -> list[str]:
    """What is not as it was when the runs were made."""
    if not record.rests_on:
        return ["nothing says what it rests on"]
    now = {}
    for name in (REFERENCE, *assignment.gates[gate].wrong):
        with solution(course, assignment, name) as folder:
            measure, code = basis(assignment, gate, folder)
        now[name] = code
        if name == REFERENCE:
            now[MEASURE] = measure
    changed = [name for name, code in now.items() if record.rests_on.get(name, code) != code]
    return [f"changed since: {', '.join(changed)}"] if changed else []

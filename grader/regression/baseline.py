"""regress.toml: what a regression gave last time, to be compared with what it gives now.

It lies beside the reference, and no student gets it. It is written by ``grader regress --accept``; only
``accepted`` is written by hand: findings that are known and stay, each with the reason.
"""

from __future__ import annotations

import re
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import msgspec
import tomlkit

from grader.faults import Outcome
from grader.regression.choice import long_tests
from grader.regression.records import Record
from grader.regression.solutions import Solution
from grader.results import files
from grader.tomlfile import read

FILE_NAME = "regress.toml"
# Cost differs from run to run on a busy machine, and by the speed of the machine, which is taken out: what is
# reported is a question that takes longer beside the others than it did.
COST_FACTOR = 2.0
COST_SECONDS = 1.0
NEW = "new"
# What was measured differs in its last digits from one kind of processor to another.
MEASURED = re.compile(r"[0-9]+\.[0-9]+(e[+-]?[0-9]+)?")
_HEADER = "Written by `grader regress --accept`, all but `accepted`, which is written by hand."


class Accepted(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A finding that is known and stays."""

    finding: str
    why: Annotated[str, msgspec.Meta(min_length=20)]


class Loss(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What a solution loses in a question, and what the student is told first, without measured figures.

    :param named: the known mistake that is named, or nothing.
    """

    points: float
    message: str
    named: str = ""


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What is compared.

    :param long: the tests that take the reference long; None: nobody has looked.
    :param cpu_seconds: of the reference, by question.
    :param losses: of each solution but the starter, by question.
    """

    seed: int = 0
    date: str = ""
    versions: dict[str, str] = {}
    accepted: list[Accepted] = []
    long: list[str] | None = None
    cpu_seconds: dict[str, float] = {}
    losses: dict[str, dict[str, Loss]] = {}


@dataclass(frozen=True)
class Drift:
    """Something that is not as it was: of which solution and question, and both sides in words."""

    solution: str
    question: str
    before: str
    now: str


def read_baseline(reference: Path) -> Baseline:
    """:raises ConfigError: the file is not what it should be; file, line and key are named."""
    path = reference / FILE_NAME
    return read(path, Baseline)[0] if path.is_file() else Baseline()


def baseline_of(
    before: Baseline, solutions: Sequence[Solution], records: Mapping[str, Record], seed: int
) -> Baseline:
    """The baseline that says what these records say; solutions that were not graded stay as they were."""
    known = {solution.id for solution in solutions}
    losses = {name: lost for name, lost in before.losses.items() if name in known}
    for solution in solutions:
        if solution.id in records and solution.kind != "starter":
            losses[solution.id] = _losses(records[solution.id])
    reference = records.get("reference")
    return Baseline(
        seed=seed,
        date=max(record.date for record in records.values()),
        versions=next(iter(records.values())).versions,
        accepted=before.accepted,
        long=before.long if reference is None else sorted(long_tests(reference, before.long)),
        cpu_seconds=_cost(reference) if reference is not None else before.cpu_seconds,
        losses=dict(sorted(losses.items())),
    )


def drifts(before: Baseline, now: Baseline, graded: Mapping[str, Record]) -> list[Drift]:
    """What differs, of the solutions that were graded; and solutions that are gone."""
    found = []
    for solution in sorted({*before.losses, *now.losses}):
        if solution not in now.losses:
            found.append(Drift(solution, "", "graded", "gone"))
        elif solution in graded:
            was = before.losses.get(solution)
            if was is None:
                found.append(Drift(solution, "", "not there", NEW))
                continue
            found += _losses_differ(solution, was, now.losses[solution])
    return found + (_costs_differ(before, now) if "reference" in graded else [])


def _losses_differ(solution: str, was: Mapping[str, Loss], now: Mapping[str, Loss]) -> list[Drift]:
    found = []
    for question in sorted({*was, *now}):
        pair = (was.get(question), now.get(question))
        if pair[0] != pair[1]:
            found.append(Drift(solution, question, _words(pair[0]), _words(pair[1])))
    return found


def _words(loss: Loss | None) -> str:
    if loss is None:
        return "loses nothing"
    named = f" [{loss.named}]" if loss.named else ""
    return f"-{loss.points:g}: {loss.message}{named}"


def _costs_differ(before: Baseline, now: Baseline) -> list[Drift]:
    both = [name for name in now.cpu_seconds if before.cpu_seconds.get(name, 0.0) > 0]
    if not both:
        return []
    # What all questions have in common is the machine.
    machine = statistics.median(now.cpu_seconds[name] / before.cpu_seconds[name] for name in both)
    found = []
    for name in both:
        expected, taken = before.cpu_seconds[name] * machine, now.cpu_seconds[name]
        if taken > COST_FACTOR * expected and taken - expected > COST_SECONDS:
            found.append(
                Drift("reference", name, f"{expected:.1f} s of computing (on this machine)", f"{taken:.1f} s")
            )
    return found


def _losses(record: Record) -> dict[str, Loss]:
    found: dict[str, Loss] = {}
    for question, points in record.lost.items():
        failed = [
            test
            for test in record.tests
            if test.question == question and test.lost and test.outcome is not Outcome.PASSED
        ]
        told = MEASURED.sub("#", next((test.message for test in failed), ""))
        named = next((test.mistake for test in failed if test.mistake), "")
        found[question] = Loss(points=points, message=told, named=named)
    return found


def _cost(reference: Record) -> dict[str, float]:
    found: dict[str, float] = {}
    for test in reference.tests:
        found[test.question] = round(found.get(test.question, 0.0) + test.cpu_seconds, 2)
    return found


def render(baseline: Baseline) -> str:
    """The text of regress.toml; the same baseline gives the same text."""
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    document.add("seed", tomlkit.item(baseline.seed))
    document.add("date", tomlkit.item(baseline.date))
    document.add("versions", _inline(baseline.versions))
    if baseline.long is not None:
        document.add("long", tomlkit.item(baseline.long).multiline(len(baseline.long) > 1))
    accepted = tomlkit.aot()
    for each in baseline.accepted:
        accepted.append(tomlkit.item(msgspec.to_builtins(each)))
    if baseline.accepted:
        document.add("accepted", accepted)
    costs = tomlkit.table()
    for name, seconds in baseline.cpu_seconds.items():
        costs.add(name, seconds)
    document.add("cpu_seconds", costs)
    losses = tomlkit.table(is_super_table=True)
    for solution, lost in baseline.losses.items():
        entries = tomlkit.table()
        for question, loss in lost.items():
            entries.add(question, _inline(msgspec.to_builtins(loss)))
        losses.add(solution, entries)
    document.add("losses", losses)
    return tomlkit.dumps(document)


def write_baseline(reference: Path, baseline: Baseline) -> None:
    """Replace regress.toml."""
    files.replace(reference / FILE_NAME, render(baseline).encode("utf-8"))


def _inline(entries: Mapping[str, object]) -> tomlkit.items.InlineTable:
    table = tomlkit.inline_table()
    for name, value in entries.items():
        table.add(name, value)
    return table

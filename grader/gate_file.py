"""What gates.toml holds: each calibrated pass mark with the figures it rests on, and what it lets through."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, Literal

import msgspec
import tomlkit

from grader.faults import GraderFault
from grader.tomlfile import read

Direction = Literal["higher", "lower"]
Chance = Annotated[float, msgspec.Meta(ge=0, le=1)]
Size = Annotated[float, msgspec.Meta(ge=0)]

_DIGITS = (
    6  # significant, of every float in the file: enough for the rule, and the same bytes on every machine
)
_HEADER = "Written by `grader calibrate`: change the reference, the measure or the seeds, not these figures."


class WrongSolution(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A known mistake that the gate must reject.

    :param n: runs, of which ``failed`` gave no figure (an exception, a time-out, NaN) and so no pass.
    :param mean, sd, min, max: of the others; absent where there are none.
    :param pass_chance: that it passes once, and in one of a term's 16 draws at least.
    """

    name: str
    n: Annotated[int, msgspec.Meta(ge=1)]
    failed: Annotated[int, msgspec.Meta(ge=0)] = 0
    mean: float | None = None
    sd: Size | None = None
    min: float | None = None
    max: float | None = None
    pass_chance: Chance
    pass_chance_16: Chance


class GateRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """One calibrated gate.

    :param measure: the function in measure.py that gives the figure.
    :param mean, sd, min, max, quantiles: of the reference over ``n`` seeds.
    :param sd_run: the spread of one run that the sequential rule uses: ``sd``, or where the figure never
        varied a quarter of the way from the threshold to the mean.
    :param false_alarm: chance that a solution equal to the reference fails, if figures are normal with this
        mean and sd.
    :param false_alarm_bound: the same with the mean and sd known from n runs only.
    :param caveats: what was accepted although the gate is weaker than it should be.
    :param rests_on: digests of the measure, the reference and each wrong solution (:mod:`grader.gate_basis`);
        empty in files that are older than it, and in a student release.
    """

    measure: str
    direction: Direction = "higher"
    threshold: float
    mean: float
    sd: Size
    n: Annotated[int, msgspec.Meta(ge=2)]
    min: float
    max: float
    quantiles: dict[str, float]
    sd_run: Size
    false_alarm: Chance
    false_alarm_bound: Chance
    device: str
    date: str
    versions: dict[str, str]
    rests_on: dict[str, str] = {}
    caveats: list[str] = []
    wrong: list[WrongSolution] = []


class RatioRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """How fast is fast enough, as the median over the rounds of a solution's time over the reference's.

    :param mark: what passes: ``quantile`` and the slack that the assignment gives.
    :param quantile: below which the median of reference against reference lies in 99.9 % of races.
    :param sd_log: of the logarithm of one round's ratio, over ``n`` rounds.
    """

    mark: Annotated[float, msgspec.Meta(gt=0)]
    quantile: Annotated[float, msgspec.Meta(gt=0)]
    sd_log: Size
    n: Annotated[int, msgspec.Meta(ge=2)]


class SecondsRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What one round takes the reference; outside ``low`` to ``high`` a machine is not fit for grading."""

    low: Size
    high: Size
    mean: Size
    sd: Size


class RaceRecord(GateRecord, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """A race calibrated on one kind of card, whose name is ``device``: the gate of its score, and its times.

    :param rounds: that the mark of the ratio holds for.
    :param driver: of the card, when it was calibrated.
    """

    rounds: Annotated[int, msgspec.Meta(ge=3)]
    driver: str
    ratio: RatioRecord
    time: SecondsRecord


class GatesFile(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """gates.toml as it is written; races by id and name of the card."""

    gates: dict[str, GateRecord] = {}
    races: dict[str, dict[str, RaceRecord]] = {}


def load_gates(path: Path) -> dict[str, GateRecord]:
    """The gates of an assignment by id; none where nothing was calibrated yet.

    :raises GraderFault: the file is not what `grader calibrate` writes; file, line and key are named.
    """
    return _load(path).gates


def load_races(path: Path) -> dict[str, dict[str, RaceRecord]]:
    """The races of an assignment by id and card; none where nothing was calibrated yet.

    :raises GraderFault: as :func:`load_gates`.
    """
    return _load(path).races


def _load(path: Path) -> GatesFile:
    return read(path, GatesFile, {"gates": GateRecord})[0] if path.is_file() else GatesFile()


def render_gates(
    gates: dict[str, GateRecord], races: Mapping[str, Mapping[str, RaceRecord]] | None = None
) -> str:
    """The text of gates.toml; the same records give the same text."""
    document = tomlkit.document()
    document.add(tomlkit.comment(_HEADER))
    tables = tomlkit.table(is_super_table=True)
    for name in sorted(gates):
        tables.add(name, _table(msgspec.to_builtins(gates[name])))
    if gates or not races:
        document.add("gates", tables)
    if races:
        document.add("races", _races(races))
    return tomlkit.dumps(document)


def _races(races: Mapping[str, Mapping[str, RaceRecord]]) -> tomlkit.items.Table:
    tables = tomlkit.table(is_super_table=True)
    for name in sorted(races):
        cards = tomlkit.table(is_super_table=True)
        for card in sorted(races[name]):
            cards.add(card, _table(msgspec.to_builtins(races[name][card])))
        tables.add(name, cards)
    return tables


def write_gates(
    path: Path,
    gates: dict[str, GateRecord],
    races: Mapping[str, Mapping[str, RaceRecord]] | None = None,
) -> None:
    """Replace gates.toml.

    :param races: None: those that stand in it stay.
    """
    races = load_races(path) if races is None else races
    temporary = path.with_suffix(".toml.new")
    temporary.write_text(render_gates(gates, races), encoding="utf-8", newline="\n")
    os.replace(temporary, path)


def _table(record: dict[str, Any]) -> tomlkit.items.Table:
    table = tomlkit.table()
    for key, value in record.items():
        if key == "wrong":
            entries = tomlkit.aot()
            for entry in value:
                entries.append(_table(entry))
            if value:
                table.add(key, entries)
        elif key == "rests_on" and not value:
            continue
        elif isinstance(value, dict):
            inline = tomlkit.inline_table()
            for name in sorted(value):
                inline.add(name, _plain(value[name]))
            table.add(key, inline)
        elif value is not None:
            table.add(key, _plain(value))
    return table


def _plain(value: Any) -> Any:
    if isinstance(value, float):
        if value != value or value in (float("inf"), float("-inf")):
            raise GraderFault(f"a calibrated figure is {value}")
        return float(f"{value:.{_DIGITS}g}")
    return value

"""Hands the rounds of a race to pytest-benchmark, where instructors keep and compare them by its options."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

import pytest

from grader.races import Race

kept_key = pytest.StashKey[bool]()


class Told:
    """A clock that goes on only by the times it is told: those that the judge has measured."""

    def __init__(self, times: list[float]) -> None:
        self._times: Iterator[float] = iter(times)
        self._now = 0.0

    def read(self) -> float:
        """Seconds since the first round began."""
        return self._now

    def go_on(self) -> None:
        """One round more."""
        self._now += next(self._times)


def keep(request: pytest.FixtureRequest, race: Race) -> None:
    """Give it the student's seconds as its rounds, and the rest beside them; nothing where it is switched
    off."""
    config = request.config
    if not config.pluginmanager.hasplugin("benchmark") or config.getoption("benchmark_skip", False):
        return
    if request.node.stash.get(kept_key, False):  # a test that is tried with the reference again
        return
    request.node.stash[kept_key] = True
    clock = Told([lap.student for lap in race.laps])
    request.node.add_marker(pytest.mark.benchmark(group=race.id, timer=clock.read, disable_gc=False))
    benchmark = request.getfixturevalue("benchmark")
    benchmark.name = race.id
    benchmark.extra_info.update(told(race))
    benchmark.pedantic(clock.go_on, rounds=len(race.laps))


def told(race: Race) -> dict[str, Any]:
    """The rounds as plain data."""
    ratios = [lap.ratio for lap in race.laps]
    return {
        "student_seconds": [lap.student for lap in race.laps],
        "reference_seconds": [lap.reference for lap in race.laps],
        "ratios": ratios,
        "median_ratio": statistics.median(ratios),
        "student_scores": [lap.figure for lap in race.laps],
        "reference_scores": [lap.wanted for lap in race.laps],
        "floor_seconds": race.floor,
        "device": race.site.name,
        "rehearsal": race.site.rehearsal,
    }

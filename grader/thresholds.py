"""Where a pass mark is put, and what it then lets through: figures of finished runs to a gate's record.

The mark lies where a fresh run of the reference falls below it with a chance of 1e-4 (t prediction bound, so
that few seeds mean a lower mark, not a bolder one), rounded down to the leading digit of the margin. Where a
known wrong solution comes too close for that, the mark moves up between the two: at least 3 sd above the best
wrong solution, and at most 2 sd below the reference. A figure that never varied has no sd to count in: there
the mark lies a tenth of the way from the reference to the best run of a wrong solution.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.faults import GraderFault
from grader.gate_file import Direction, GateRecord, WrongSolution
from grader.sequential import (
    FAIL_AT_ONCE,
    PASS_AT_ONCE,
    crossing,
    fail_bound,
    fail_chance,
    over_draws,
    pass_chance,
    t_quantile,
)

LARGEST_CHANCE = 1e-3  # of a false alarm, and of a wrong solution over a term's draws
_PREDICTION_TAIL = 1e-4
_ABOVE_WRONG = 3.0  # sd
_BELOW_REFERENCE = 2.0  # sd
_SATURATED_SHARE = 0.1
_SATURATED_SPREADS = 4.0  # spreads of one run from the mark to a mean that never varied
_QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)


@dataclass(frozen=True)
class Figures:
    """What the runs of one solution gave.

    :param values: finite figures.
    :param failed: runs that gave none.
    """

    values: Sequence[float]
    failed: int = 0

    @property
    def n(self) -> int:
        """All runs."""
        return len(self.values) + self.failed


@dataclass(frozen=True)
class Circumstances:
    """Under what the runs were made; they go into the record as they are."""

    measure: str
    device: str
    date: str
    versions: Mapping[str, str]
    rests_on: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class _Spread:
    """A solution's figures turned so that higher is better."""

    name: str
    mean: float
    sd: float
    best: float
    worst: float
    n: int


def calibrated(
    reference: Figures,
    wrong: Mapping[str, Figures],
    circumstances: Circumstances,
    *,
    direction: Direction = "higher",
    accept_weak: bool = False,
) -> GateRecord:
    """The record of a gate.

    :param accept_weak: write down what is weak about the gate instead of refusing it.
    :raises GraderFault: the reference failed or ran less than twice; or a right solution fails with a chance
        above 1e-3, or a wrong one passes with a chance above 1e-3 over 16 draws.
    """
    if reference.failed or len(reference.values) < 2:
        raise GraderFault(
            f"the reference gave {len(reference.values)} figures in {reference.n} runs; two are needed"
        )
    sign = 1.0 if direction == "higher" else -1.0
    right = _spread("the reference", reference, sign)
    rivals = [_spread(name, figures, sign) for name, figures in sorted(wrong.items()) if len(figures.values)]
    threshold = _round_to_six(choose_threshold(right, rivals))
    spread = _spread_of_run(right, threshold)
    false_alarm = fail_chance(right.mean, right.sd, threshold, spread)
    bound = max(false_alarm, fail_bound(right.mean, right.sd, right.n, threshold, spread))
    failing = sum(sign * value < threshold - FAIL_AT_ONCE * spread for value in reference.values)
    bound = max(bound, failing / right.n)
    solutions = [_wrong_solution(name, wrong[name], sign, threshold, spread) for name in sorted(wrong)]
    caveats = _caveats(right, bound, solutions)
    if caveats and not accept_weak:
        raise GraderFault(f"no gate at {sign * threshold:g}: " + "; ".join(caveats))
    values = np.asarray(reference.values)
    return GateRecord(
        measure=circumstances.measure,
        direction=direction,
        threshold=sign * threshold,
        mean=float(values.mean()),
        sd=right.sd,
        n=right.n,
        min=float(values.min()),
        max=float(values.max()),
        quantiles={f"q{round(100 * q):02d}": float(np.quantile(values, q)) for q in _QUANTILES},
        sd_run=spread,
        false_alarm=false_alarm,
        false_alarm_bound=bound,
        device=circumstances.device,
        date=circumstances.date,
        versions=dict(circumstances.versions),
        rests_on=dict(circumstances.rests_on),
        caveats=caveats,
        wrong=solutions,
    )


def choose_threshold(reference: _Spread, rivals: Sequence[_Spread]) -> float:
    """The mark; a rival that no mark keeps out does not move it, so right solutions at least are safe."""
    if reference.sd == 0.0:
        best = max((rival.best for rival in rivals), default=reference.mean - abs(reference.mean))
        margin = _SATURATED_SHARE * max(0.0, reference.mean - best)
        return _rounded_down(reference.mean - margin, reference.mean)
    lowest = max((_above_rival(reference, rival) for rival in rivals), default=-math.inf)
    prediction = t_quantile(_PREDICTION_TAIL, reference.n - 1) * reference.sd * math.sqrt(1 + 1 / reference.n)
    wished = reference.mean - prediction
    highest = _highest(reference)
    if wished < lowest <= highest:
        wished = 0.5 * (lowest + highest)
    wished = min(wished, highest)
    rounded = _rounded_down(wished, reference.mean)
    return rounded if rounded >= lowest or lowest > highest else wished


def band(record: GateRecord) -> tuple[float, float]:
    """Where a fresh run of the reference lies but for a chance of 2e-4; past it the machine is not fit."""
    spread = record.sd or record.sd_run
    half = t_quantile(_PREDICTION_TAIL, record.n - 1) * spread * math.sqrt(1 + 1 / record.n)
    return record.mean - half, record.mean + half


def _spread(name: str, figures: Figures, sign: float) -> _Spread:
    values = sign * np.asarray(figures.values, dtype=np.float64)
    sd = float(values.std(ddof=1)) if len(values) > 1 and np.ptp(values) > 0 else 0.0
    return _Spread(name, float(values.mean()), sd, float(values.max()), float(values.min()), len(values))


def _spread_of_run(reference: _Spread, threshold: float) -> float:
    return reference.sd or abs(reference.mean - threshold) / _SATURATED_SPREADS


def _highest(reference: _Spread) -> float:
    """At most 2 sd below the mean, and no more false alarms than allowed, estimated as it is."""

    def too_bold(threshold: float) -> bool:
        bound = fail_bound(reference.mean, reference.sd, reference.n, threshold, reference.sd)
        return bound > LARGEST_CHANCE

    # With two runs the bound asks for hundreds of sd; it is met somewhere below.
    low = reference.mean - 2 * t_quantile(0.1 * LARGEST_CHANCE, reference.n - 1) * reference.sd
    bold = crossing(too_bold, low, reference.mean)
    return min(math.nextafter(bold, -math.inf), reference.mean - _BELOW_REFERENCE * reference.sd)


def _above_rival(reference: _Spread, rival: _Spread) -> float:
    """The lowest mark that a wrong solution does not pass: by its sd, by its chances, and by its runs."""

    def safe(threshold: float) -> bool:
        spread = _spread_of_run(reference, threshold)
        return (
            threshold >= rival.mean + _ABOVE_WRONG * rival.sd
            and threshold > rival.best
            and over_draws(pass_chance(rival.mean, rival.sd, threshold, spread)) <= LARGEST_CHANCE
        )

    high = max(rival.best, rival.mean) + 20 * max(rival.sd, reference.sd)
    return crossing(safe, min(rival.mean, rival.best), high)


def _rounded_down(value: float, mean: float) -> float:
    """Down to the leading digit of the margin to the mean, so that a margin of 0.016 gives steps of 0.01."""
    margin = mean - value
    if margin <= 0:
        return value
    decimals = -math.floor(math.log10(margin))
    step = 10.0**-decimals
    return round(math.floor(value / step + 1e-9) * step, max(decimals, 0))


def _round_to_six(value: float) -> float:
    """As the file holds it, so that the chances are those of the mark that is used."""
    return float(f"{value:.6g}")


def _wrong_solution(
    name: str, figures: Figures, sign: float, threshold: float, spread: float
) -> WrongSolution:
    if not len(figures.values):
        return WrongSolution(
            name=name, n=figures.n, failed=figures.failed, pass_chance=0.0, pass_chance_16=0.0
        )
    rival = _spread(name, figures, sign)
    chance = pass_chance(rival.mean, rival.sd, threshold, spread)
    passing = sum(sign * value >= threshold + PASS_AT_ONCE * spread for value in figures.values)
    chance = max(chance, passing / rival.n)
    return WrongSolution(
        name=name,
        n=figures.n,
        failed=figures.failed,
        mean=sign * rival.mean,
        sd=rival.sd,
        min=min(sign * rival.best, sign * rival.worst),
        max=max(sign * rival.best, sign * rival.worst),
        pass_chance=chance,
        pass_chance_16=over_draws(chance),
    )


def _caveats(reference: _Spread, bound: float, solutions: Sequence[WrongSolution]) -> list[str]:
    caveats = []
    if bound > LARGEST_CHANCE:
        how = (
            f"the figure never varied in {reference.n} runs, so all that is known is the rule of three"
            if reference.sd == 0.0
            else f"with {reference.n} runs of the reference"
        )
        caveats.append(f"a right solution may fail with a chance of up to {bound:.2g} ({how})")
    for solution in solutions:
        if solution.pass_chance_16 > LARGEST_CHANCE:
            chance = solution.pass_chance_16
            caveats.append(f"{solution.name} passes with a chance of {chance:.2g} over 16 draws")
    return caveats

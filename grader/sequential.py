"""The rule by which a noisy figure passes, and the chances that follow from it: pure functions.

Figures here are turned so that higher is better. With threshold T and the spread ``s`` of one run:

    one run passes at T + s or more and fails below T - 3 s; otherwise the mean of three runs is held against
    T

A single run held against T = mean - 2 sd fails 2.3 % of right solutions, seven students of 300; "best of
three" passes 40 % of those that are one sd too weak. This rule fails 0.02 % of right solutions at 1.3 runs on
average.
"""

from __future__ import annotations

import functools
import math
from collections.abc import Callable, Sequence

import numpy as np

from grader.values import Array

RUNS = 3  # at most
PASS_AT_ONCE = 1.0  # spreads above the threshold
FAIL_AT_ONCE = 3.0  # spreads below it
DRAWS = 16  # grading seeds of a term: as often can a changed submission be drawn again
_NODES = 200
_FAR = 12.0  # standard deviations: nothing lies beyond in double precision


def decide(figures: Sequence[float], threshold: float, spread: float) -> bool | None:
    """Pass, fail, or None where two more runs are needed.

    :param figures: of one run, or of all three.
    """
    if len(figures) >= RUNS:
        return float(np.mean(figures)) >= threshold
    if figures[0] >= threshold + PASS_AT_ONCE * spread:
        return True
    if figures[0] >= threshold - FAIL_AT_ONCE * spread:
        return None
    return False


def pass_chance(mean: float, sd: float, threshold: float, spread: float) -> float:
    """Chance that a solution with normally distributed figures passes."""
    return _chance(mean, sd, threshold, spread, passing=True)


def fail_chance(mean: float, sd: float, threshold: float, spread: float) -> float:
    """Chance that a solution with normally distributed figures fails."""
    return _chance(mean, sd, threshold, spread, passing=False)


def over_draws(chance: float, draws: int = DRAWS) -> float:
    """Chance of at least one success in independent draws."""
    return -math.expm1(draws * math.log1p(-chance)) if chance < 1.0 else 1.0


def fail_bound(mean: float, sd: float, n: int, threshold: float, spread: float) -> float:
    """Upper bound of the chance that a solution equal to the reference fails.

    Unlike ``fail_chance`` it takes into account that ``mean`` and ``sd`` were estimated from n runs. A
    failing solution has a first run below T - 3 s or a mean of three below T; each of these figures, minus
    ``mean``, has a t distribution with n - 1 degrees of freedom and scale sd sqrt(1 + 1/n) or sd sqrt(1/3 +
    1/n); the sum of both tails bounds the chance. A figure that never varied says nothing about its spread: n
    runs without a failure bound the chance by 3/n with 95 % confidence (rule of three).
    """
    if sd == 0.0:
        return 3.0 / n
    at_once = (threshold - FAIL_AT_ONCE * spread - mean) / (sd * math.sqrt(1 + 1 / n))
    by_mean = (threshold - mean) / (sd * math.sqrt(1 / RUNS + 1 / n))
    return min(1.0, t_tail(-at_once, n - 1) + t_tail(-by_mean, n - 1))


def t_tail(t: float, degrees: int) -> float:
    """P(T > t) for Student's t with a whole number of degrees of freedom (Abramowitz and Stegun 26.7.3-4)."""
    angle = math.atan(abs(t) / math.sqrt(degrees))
    cosine = math.cos(angle)
    odd = degrees % 2
    term = cosine if odd else 1.0
    total = term if degrees > 1 else 0.0
    for k in range(3 if odd else 2, degrees - 1, 2):
        term *= cosine * cosine * (k - 1) / k
        total += term
    inside = math.sin(angle) * total
    if odd:
        inside = 2.0 / math.pi * (angle + inside)
    tail = max(0.0, 0.5 * (1.0 - inside))
    return tail if t >= 0 else 1.0 - tail


def t_quantile(tail: float, degrees: int) -> float:
    """The t that P(T > t) = ``tail`` belongs to, for a tail of at most a half."""
    low, high = 0.0, 1.0
    while t_tail(high, degrees) > tail:
        low, high = high, 2 * high
    return crossing(lambda t: t_tail(t, degrees) <= tail, low, high)


def crossing(holds: Callable[[float], bool], low: float, high: float) -> float:
    """The smallest x in [low, high] for which ``holds``, which stays true above it; to double precision."""
    for _ in range(200):
        middle = 0.5 * (low + high)
        if middle in (low, high):
            break
        low, high = (low, middle) if holds(middle) else (middle, high)
    return high


def _chance(mean: float, sd: float, threshold: float, spread: float, *, passing: bool) -> float:
    if sd == 0.0:
        outcome = decide([mean], threshold, spread)
        if outcome is None:
            outcome = decide([mean] * RUNS, threshold, spread)
        return float(outcome == passing)
    upper = threshold + PASS_AT_ONCE * spread
    lower = threshold - FAIL_AT_ONCE * spread
    at_once = _above((upper - mean) / sd) if passing else _above((mean - lower) / sd)
    lower, upper = max(lower, mean - _FAR * sd), min(upper, mean + _FAR * sd)
    if lower >= upper:
        return at_once
    # Undecided after one run: integrate over its figure the chance that three fall on the asked side.
    nodes, weights = _legendre()
    half = 0.5 * (upper - lower)
    first = lower + half * (nodes + 1)
    density = np.exp(-0.5 * ((first - mean) / sd) ** 2) / (sd * math.sqrt(2 * math.pi))
    missing = (RUNS * threshold - first - (RUNS - 1) * mean) / (sd * math.sqrt(RUNS - 1))
    tails = np.array([_above(z if passing else -z) for z in missing])
    return min(1.0, at_once + float(half * np.sum(weights * density * tails)))


@functools.cache
def _legendre() -> tuple[Array, Array]:
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    return nodes, weights


def _above(z: float) -> float:
    """P(Z > z) for a standard normal Z."""
    return 0.5 * math.erfc(z / math.sqrt(2))

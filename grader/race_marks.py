"""Where the marks of a race are put, from rounds of the reference against itself: pure functions."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from grader.faults import GraderFault
from grader.gate_file import RatioRecord, SecondsRecord
from grader.sequential import crossing, t_quantile

TAIL = 1e-3  # of races of the reference against itself that lie beyond the quantile
_OUTSIDE = 1e-4  # on each side, of single rounds of the reference on the card that was calibrated
# Another card of the same name, another driver, a warmer room: not measured, a judgement.
ELSEWHERE = 1.2


def tail_of_one(rounds: int, tail: float = TAIL) -> float:
    """How often one ratio may lie beyond a mark for the median of several to lie beyond it with ``tail``.

    The median of an odd number lies beyond it if more than half of them do: a binomial tail, whatever the
    ratios are distributed like. Of five it is one ratio in 22.
    """

    def enough(chance: float) -> bool:
        return _more_than_half(rounds, chance) >= tail

    return crossing(enough, 0.0, 0.5)


def ratio_record(logs: Sequence[float], rounds: int, slack: float) -> RatioRecord:
    """The mark from the logarithms of single rounds' ratios, reference over reference.

    The bound is that of a fresh ratio (t prediction), which a small number of rounds moves up, and no lower
    than what was seen. Who ran first in a round was drawn, so a ratio and its inverse are as likely.

    :raises GraderFault: fewer than two rounds, or a ratio that is no number.
    """
    values = np.asarray(logs, dtype=np.float64)
    if len(values) < 2 or not np.isfinite(values).all():
        raise GraderFault(f"{len(values)} rounds, not all of them with a time: no mark follows from these")
    sd = math.sqrt(float(np.mean(values**2)))  # about 0, which it is by construction
    one = tail_of_one(rounds)
    bound = t_quantile(one, len(values)) * sd
    seen = float(np.quantile(np.concatenate([values, -values]), 1.0 - one))
    quantile = math.exp(max(bound, seen))
    return RatioRecord(mark=quantile * (1.0 + slack), quantile=quantile, sd_log=sd, n=len(values))


def seconds_record(times: Sequence[float]) -> SecondsRecord:
    """The reference's band.

    :raises GraderFault: fewer than two times, or one that is not above 0.
    """
    values = np.asarray(times, dtype=np.float64)
    if len(values) < 2 or not (np.isfinite(values).all() and (values > 0).all()):
        raise GraderFault(f"{len(values)} times, not all of them above 0: no band follows from these")
    logs = np.log(values)
    middle, sd = float(logs.mean()), float(logs.std(ddof=1))
    half = t_quantile(_OUTSIDE, len(values) - 1) * sd * math.sqrt(1 + 1 / len(values)) + math.log(ELSEWHERE)
    return SecondsRecord(
        low=math.exp(middle - half),
        high=math.exp(middle + half),
        mean=float(values.mean()),
        sd=float(values.std(ddof=1)),
    )


def _more_than_half(rounds: int, chance: float) -> float:
    least = rounds // 2 + 1
    return math.fsum(
        math.comb(rounds, count) * chance**count * (1 - chance) ** (rounds - count)
        for count in range(least, rounds + 1)
    )

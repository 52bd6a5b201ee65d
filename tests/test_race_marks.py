"""Where the marks of a race are put."""

from __future__ import annotations

import math

import numpy as np
import pytest

from grader.faults import GraderFault
from grader.race_marks import ELSEWHERE, TAIL, ratio_record, seconds_record, tail_of_one


@pytest.mark.parametrize("rounds", [3, 5, 7])
def test_the_median_lies_beyond_the_mark_as_often_as_promised(rounds: int) -> None:
    # A uniform ratio lies above 1 - p with chance p; the same then has to hold of the median of several.
    one = tail_of_one(rounds)
    medians = np.median(np.random.default_rng(0).uniform(size=(400_000, rounds)), axis=1)
    beyond = float((medians > 1 - one).mean())
    assert abs(beyond - TAIL) < 4 * math.sqrt(TAIL / 400_000)


def test_one_round_is_its_own_median() -> None:
    assert tail_of_one(1) == pytest.approx(TAIL)


def test_the_mark_holds_for_fresh_races() -> None:
    rng = np.random.default_rng(1)
    failed = []
    for _ in range(300):
        record = ratio_record(rng.normal(0.0, 0.02, size=20).tolist(), 5, 0.0)
        fresh = np.exp(np.median(rng.normal(0.0, 0.02, size=(200, 5)), axis=1))
        failed.append((fresh > record.mark).mean())
    assert float(np.mean(failed)) <= 2 * TAIL


def test_slack_is_added_to_the_quantile() -> None:
    logs = [0.01, -0.02, 0.015, -0.01] * 5
    strict, kind = ratio_record(logs, 5, 0.0), ratio_record(logs, 5, 0.25)
    assert strict.mark == strict.quantile == kind.quantile > 1.0
    assert kind.mark == pytest.approx(1.25 * strict.mark)
    assert (strict.n, strict.sd_log) == (20, pytest.approx(math.sqrt(np.mean(np.square(logs)))))


def test_fewer_rounds_and_noisier_ones_move_the_mark_up() -> None:
    logs = [0.01, -0.02, 0.015, -0.01] * 5
    base = ratio_record(logs, 5, 0.0).mark
    assert ratio_record(logs[:4], 5, 0.0).mark > base
    assert ratio_record([2 * log for log in logs], 5, 0.0).mark > base
    assert ratio_record(logs, 3, 0.0).mark > base


def test_what_was_seen_more_often_than_that_stays_below_the_mark() -> None:
    outlier = [0.001] * 16 + [0.4] * 4
    assert ratio_record(outlier, 5, 0.0).quantile >= math.exp(0.39)


@pytest.mark.parametrize("logs", [[], [0.1], [0.1, math.nan], [0.1, math.inf]])
def test_no_mark_follows_from_too_little(logs: list[float]) -> None:
    with pytest.raises(GraderFault, match="no mark follows"):
        ratio_record(logs, 5, 0.1)


def test_the_band_holds_the_times_and_some_more() -> None:
    times = [1.0, 1.1, 0.95, 1.05] * 5
    record = seconds_record(times)
    assert record.low < min(times) / ELSEWHERE
    assert record.high > max(times) * ELSEWHERE
    assert record.low > 0.5
    assert record.high < 2.0
    assert record.mean == pytest.approx(np.mean(times))


@pytest.mark.parametrize("times", [[], [1.0], [1.0, 0.0], [1.0, -1.0], [1.0, math.nan]])
def test_no_band_follows_from_too_little(times: list[float]) -> None:
    with pytest.raises(GraderFault, match="no band follows"):
        seconds_record(times)

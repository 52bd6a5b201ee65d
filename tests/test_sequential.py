"""The sequential rule: its decisions, and its chances against simulation and against known values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.sequential import (
    RUNS,
    crossing,
    decide,
    fail_bound,
    fail_chance,
    over_draws,
    pass_chance,
    t_quantile,
    t_tail,
)

THRESHOLD, SPREAD = 0.94, 0.01


@pytest.mark.parametrize(
    ("figures", "passed"),
    [
        ([0.96], True),
        ([0.95], True),  # T + 1 sd itself
        ([0.9499], None),
        ([0.94], None),
        ([0.91], None),  # T - 3 sd itself
        ([0.9099], False),
        ([math.nan], False),
        ([-math.inf], False),
        ([0.92, 0.95, 0.951], True),
        ([0.94, 0.94, 0.94], True),
        ([0.92, 0.95, 0.949], False),
        ([0.945, math.nan, 0.99], False),
    ],
)
def test_decide(figures, passed):
    assert decide(figures, THRESHOLD, SPREAD) is passed


def test_without_a_spread_one_run_decides():
    assert decide([1.0], 1.0, 0.0) is True
    assert decide([0.999], 1.0, 0.0) is False


@pytest.mark.parametrize("mean", [-2.0, -1.0, 0.0, 0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("sd", [0.5, 1.0, 2.0])
def test_chances_agree_with_simulation(mean, sd):
    """Mean and sd in spreads of one run, the mark at 0; 200,000 draws know a chance to 0.005."""
    draws = np.random.default_rng(7).normal(mean, sd, size=(200_000, RUNS))
    first = draws[:, 0]
    undecided = (first < 1) & (first >= -3)
    passed = np.where(undecided, draws.mean(axis=1) >= 0, first >= 1).mean()
    assert pass_chance(mean, sd, 0.0, 1.0) == pytest.approx(passed, abs=5e-3)
    assert pass_chance(mean, sd, 0.0, 1.0) + fail_chance(mean, sd, 0.0, 1.0) == pytest.approx(1.0, abs=1e-12)


def test_the_rules_promise():
    """A solution equal to the reference, the mark 2 sd below it: fails in 0.02 % of cases, at 1.3 runs."""
    assert fail_chance(0.0, 1.0, -2.0, 1.0) == pytest.approx(2.4e-4, rel=0.05)
    first = np.random.default_rng(3).normal(size=100_000)
    runs = np.where((first < -1) & (first >= -5), 3, 1).mean()
    assert runs == pytest.approx(1.3, abs=0.03)
    assert pass_chance(-3.0, 1.0, -2.0, 1.0) < 0.08  # one sd too weak; "best of three" passes 40 % of these


@given(st.floats(-5, 5), st.floats(0.01, 5), st.floats(-3, 3), st.floats(-3, 3))
def test_a_higher_mark_passes_fewer(mean, sd, one, other):
    low, high = sorted((one, other))
    assert pass_chance(mean, sd, low, 1.0) >= pass_chance(mean, sd, high, 1.0) - 1e-12


@pytest.mark.parametrize(
    ("mean", "passes"), [(2.0, 1.0), (1.0, 1.0), (0.5, 1.0), (0.0, 1.0), (-0.1, 0.0), (-5.0, 0.0)]
)
def test_a_figure_that_never_varies(mean, passes):
    assert pass_chance(mean, 0.0, 0.0, 1.0) == passes
    assert fail_chance(mean, 0.0, 0.0, 1.0) == 1.0 - passes


def test_far_tails_keep_their_digits():
    assert fail_chance(0.0, 1.0, -9.0, 1.0) < 1e-30
    assert 0 < fail_chance(0.0, 1.0, -4.0, 1.0) < 1e-9


@pytest.mark.parametrize(
    ("t", "degrees", "tail"),
    [  # two-sided 5 % and 0.1 % points of the tables
        (12.7062, 1, 0.025),
        (4.30265, 2, 0.025),
        (3.18245, 3, 0.025),
        (2.77645, 4, 0.025),
        (2.57058, 5, 0.025),
        (2.09302, 19, 0.025),
        (3.88341, 19, 0.0005),
        (2.00100, 59, 0.025),
        (0.0, 7, 0.5),
        (-2.09302, 19, 0.975),
    ],
)
def test_t_tail(t, degrees, tail):
    assert t_tail(t, degrees) == pytest.approx(tail, rel=1e-4)
    if t > 0:
        assert t_quantile(tail, degrees) == pytest.approx(t, rel=1e-4)


@pytest.mark.parametrize("n", [5, 20, 60])
def test_the_bound_holds_where_mean_and_sd_are_estimates(n):
    """Calibrate from n runs, put the mark 1 sd below, judge a fresh right solution: 40,000 times."""
    rng = np.random.default_rng(n)
    samples = rng.normal(size=(40_000, n))
    means, sds = samples.mean(axis=1), samples.std(axis=1, ddof=1)
    marks = means - sds
    draws = rng.normal(size=(40_000, RUNS))
    first = draws[:, 0]
    undecided = (first < marks + sds) & (first >= marks - 3 * sds)
    failed = np.where(undecided, draws.mean(axis=1) < marks, first < marks - 3 * sds).mean()
    bound = fail_bound(0.0, 1.0, n, -1.0, 1.0)
    assert failed <= bound + 0.003
    assert bound <= 2 * failed + 0.003
    assert bound >= fail_chance(0.0, 1.0, -1.0, 1.0)


def test_the_bound_of_a_figure_that_never_varied_is_the_rule_of_three():
    assert fail_bound(1.0, 0.0, 60, 0.9, 0.025) == 0.05
    assert pytest.approx(0.05, abs=0.005) == (1 - 0.05) ** 60  # what the rule of three means
    assert fail_bound(0.0, 1.0, 2, 0.0, 1.0) <= 1.0


def test_over_draws():
    assert over_draws(0.0) == 0.0
    assert over_draws(1.0) == 1.0
    assert over_draws(0.5, 2) == pytest.approx(0.75)
    assert over_draws(1e-20) == pytest.approx(16e-20)


@given(st.floats(-1e6, 1e6), st.floats(0, 1), st.floats(1e-3, 1e6))
def test_crossing(low, part, width):
    at = low + part * width
    found = crossing(lambda x: x >= at, low, low + width)
    assert found == pytest.approx(at, rel=1e-12, abs=1e-12)
    assert found >= at

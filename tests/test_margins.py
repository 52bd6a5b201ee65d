"""How clearly a test tells right from wrong is measured without any effect on the test."""

from __future__ import annotations

import math
from collections.abc import Callable
from types import SimpleNamespace

import numpy as np
import pytest

from grader.cases import check_each
from grader.compare import Tolerance, assert_close, assert_same, check, difference, excess, tell, watched
from grader.faults import GraderFault, Mismatch, Raised, SubmissionFault
from grader.margins import Margins, measured
from grader.values import Value

ULP = float(np.finfo("float32").eps)
FLOAT32 = Tolerance()
ALLOWED = 2**10 * ULP  # of an answer of 1, with nothing measured


@pytest.mark.parametrize(
    ("got", "want", "tolerance", "units"),
    [
        (1.0, 1.0, FLOAT32, 0.0),
        (1.0 + ALLOWED / 4, 1.0, FLOAT32, 0.25),
        (1.0 + ALLOWED, 1.0, FLOAT32, 1.0),
        (1.0 + 20 * ALLOWED, 1.0, FLOAT32, 20.0),
        ({"a": 2.0, "b": 1.0 + 3 * ALLOWED}, {"a": 2.0, "b": 1.0}, FLOAT32, 3.0),
        (np.array([4.0, 4.0 + 2 * ALLOWED]), np.array([4.0, 4.0]), FLOAT32, 0.5),
        (3 * ALLOWED * 1e-3, 0.0, Tolerance(scale=1e-3), 3.0),
        (1.0 + ALLOWED, 1.0, Tolerance(beta=2**10 * ULP / 32), 0.5),
        (2, 2, FLOAT32, 0.0),
        (2, 3, FLOAT32, math.inf),
        ([1.0], [1.0, 2.0], FLOAT32, math.inf),
        (float("nan"), 1.0, FLOAT32, math.inf),
        (float("nan"), float("nan"), FLOAT32, 0.0),
        (1.0 + ALLOWED, 1.0, Tolerance(exact=True), math.inf),
    ],
)
def test_an_error_in_units_of_what_is_allowed(
    got: Value, want: Value, tolerance: Tolerance, units: float
) -> None:
    found = excess(got, want, tolerance)
    assert found == pytest.approx(units, rel=1e-6)
    assert (difference(got, want, tolerance) is None) == (found <= 1.0)


def test_each_comparison_counts_and_the_largest_error_stands() -> None:
    with measured() as margins:
        assert_close(1.0 + ALLOWED / 2, 1.0, "first")
        assert_close([1.0, 2.0], [1.0, 2.0], "second")
        assert_same("word", "word", "third")
    assert margins.comparisons == 3
    assert margins.largest == pytest.approx(0.5, rel=1e-6)


def test_a_comparison_that_fails_is_measured_and_fails_all_the_same() -> None:
    with measured() as margins, pytest.raises(Mismatch, match="twice: the answer differs"):
        assert_close(2.0, 1.0, "twice")
    assert margins.comparisons == 1
    assert margins.largest == pytest.approx(1 / ALLOWED, rel=1e-6)


def test_nothing_is_compared_where_a_condition_is_checked() -> None:
    with measured() as margins:
        check(True, "fine")
    assert margins == Margins()


def test_nobody_is_told_outside_and_nothing_made_for_nobody() -> None:
    with measured() as margins:
        pass
    assert_close(1.0, 1.0, "afterwards")
    tell(lambda: pytest.fail("made for nobody"))
    assert margins.comparisons == 0


def test_a_watcher_is_gone_after_an_error_too() -> None:
    seen: list[object] = []
    with pytest.raises(ZeroDivisionError), watched(seen.append):
        raise ZeroDivisionError
    assert_close(1.0, 1.0, "afterwards")
    assert seen == []


def test_the_cases_of_a_test_are_one() -> None:
    """As pytest runs the parametrised cases of a test one by one, each with the margins of those before."""
    kept: dict[str, Margins] = {}
    for error in (3, 8, 5):
        with measured(kept.setdefault("test", Margins())):
            assert_close(1.0 + error / 10 * ALLOWED, 1.0, "a case")
    assert kept["test"].comparisons == 3
    assert kept["test"].largest == pytest.approx(0.8, rel=1e-6)


@pytest.mark.parametrize(
    ("want", "trivial"),
    [
        ([1.0, 2.0], 0),
        ([0.0, 0.0], 1),
        ([], 1),
        (0, 1),
        ([3.0, 3.0], 0),
        # What cannot be put into the other's place raises nothing: no integer is NaN.
        ({"loss": math.nan, "step": 3}, 0),
        ({"loss": math.inf, "step": 3}, 0),
        ([math.nan, math.nan], 0),
        (np.array([np.nan, np.nan]), 0),
        ({"count": 10**400, "share": 0.5}, 0),
        ({"step": np.int64(3), "losses": np.array([np.nan, 1.0])}, 0),
        ({"kinds": np.array([1, 2], np.uint8), "shift": -1.0}, 0),
        ("word", 0),
    ],
)
@pytest.mark.filterwarnings("error")
def test_what_zeros_or_a_shuffled_answer_would_pass_is_counted(want: Value, trivial: int) -> None:
    with measured() as margins:
        assert_close(want, want, "itself")
    assert (margins.comparisons, margins.trivial, margins.largest) == (1, trivial, 0.0)


def test_an_answer_that_cannot_be_compared_is_the_tests_affair() -> None:
    with measured() as margins, pytest.raises(GraderFault):
        assert_close(object(), object(), "no value")  # type: ignore[arg-type]
    assert margins.comparisons == 1


# -- check_each

Subject = SimpleNamespace


def subject(answer: Callable[[float], Value]) -> Subject:
    return SimpleNamespace(answer=answer)


def compared(
    student: Callable[[float], Value], reference: Callable[[float], Value], cases: list[float]
) -> Margins:
    with measured() as margins:
        check_each(cases, lambda each, case: each.answer(case), subject(student), subject(reference))
    return margins


def test_all_cases_of_one_comparison_count_once() -> None:
    margins = compared(lambda x: 2 * x * (1 + ALLOWED / 8), lambda x: 2 * x, [1.0, -3.0, 7.0])
    assert margins.comparisons == 1
    assert margins.largest == pytest.approx(0.125, rel=1e-3)


def test_one_case_that_is_not_trivial_is_enough() -> None:
    assert compared(lambda x: x, lambda x: x, [0.0, 0.0]).trivial == 1
    assert compared(lambda x: x, lambda x: x, [0.0, 1.0]).trivial == 0


def refuses(x: float) -> Value:
    raise Raised("raises ValueError", types=("ValueError", "Exception"))


def fails(x: float) -> Value:
    raise Raised("raises TypeError", types=("TypeError", "Exception"))


def test_an_exception_agrees_with_its_type_alone() -> None:
    assert compared(refuses, refuses, [1.0]).largest == 0.0
    with measured() as margins, pytest.raises(SubmissionFault):
        check_each([1.0], lambda each, case: each.answer(case), subject(fails), subject(refuses))
    assert margins.largest == math.inf


def test_a_case_without_an_answer_differs_in_more_than_rounding() -> None:
    def sometimes(x: float) -> Value:
        return fails(x) if x > 1 else x

    with measured() as margins, pytest.raises(Mismatch, match="1 of 2 cases"):
        check_each([1.0, 2.0], lambda each, case: each.answer(case), subject(sometimes), subject(lambda x: x))
    assert margins.largest == math.inf


def test_a_case_counts_by_the_tolerance_that_it_is_judged_with() -> None:
    """Past the first sixteen cases one is ill-conditioned: it is measured once it differs, and is right."""

    def answer(x: float) -> float:
        return x if x < 9 else 1.0 + 80 * (x - 10.0)

    def rewritten(x: float) -> float:
        return answer(x) * (1 + 10 * ALLOWED if x == 10 else 1)

    margins = compared(rewritten, answer, [1.0] * 17 + [10.0])
    # One ulp of 10 moves it by 800 of its own: 64 * 800 ulp are allowed, 50 times what is otherwise.
    assert margins.largest == pytest.approx(10 * 2**10 / (64 * 800), rel=1e-2)


def test_a_case_that_cannot_be_judged_is_no_margin() -> None:
    """A jump within the last place of an input; the case that stands is five tolerances off."""

    def answer(x: float) -> float:
        return x if x < 10 else 5.0 + (x > 10.0)

    def wrong(x: float) -> float:
        return x * (1 + 5 * ALLOWED) if x == 3.0 else answer(x) + (x >= 10)

    with measured() as margins, pytest.raises(Mismatch, match=r"1 of 19 cases differ; case 19"):
        check_each(
            [1.0] * 17 + [10.0, 3.0], lambda each, case: each.answer(case), subject(wrong), subject(answer)
        )
    assert margins.largest == pytest.approx(5.0, rel=1e-3)

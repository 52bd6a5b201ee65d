"""check_each: who is asked what and when, what counts as wrong, and whose fault it is."""

from __future__ import annotations

import dataclasses
import math
from collections import namedtuple

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.cases import PERTURBED_CASES, PERTURBED_RUNS, THOROUGH_RUNS, check_each, perturbed
from grader.faults import GraderFault, Mismatch, Outcome, Raised, SubmissionFault, Unusable
from grader.values import Record

EPSILON = float(np.finfo(np.float32).eps)


class Fake:
    """A subject without a process: answers by a function, counts its calls, turns exceptions into faults."""

    def __init__(self, answer, log=None, name="student"):
        self.answer = answer
        self.calls = []
        self.log = log if log is not None else []
        self.name = name

    def __call__(self, case):
        self.calls.append(case)
        self.log.append(self.name)
        try:
            return self.answer(case)
        except SubmissionFault:
            raise
        except Exception as error:
            types = tuple(base.__name__ for base in type(error).__mro__)
            raise Raised("raised an error", repr(error), types=types) from None


def ask(subject, case):
    return subject(case)


def judge(student, reference, cases, **options):
    """Runs check_each on two functions and gives back both subjects."""
    log = []
    subjects = Fake(student, log), Fake(reference, log, "reference")
    check_each(cases, ask, *subjects, **options)
    return subjects


def square(case):
    return {"y": case["x"] ** 2, "n": 2}


CASES = [{"x": 0.5 + 0.25 * at} for at in range(20)]


def test_order_and_number_of_calls():
    student, reference = judge(square, square, CASES)
    assert len(student.calls) == len(CASES)
    assert len(reference.calls) == len(CASES) + PERTURBED_CASES * PERTURBED_RUNS
    assert student.log == ["student"] * len(CASES) + ["reference"] * len(reference.calls)
    assert reference.calls[: len(CASES)] == CASES
    for at, moved in enumerate(reference.calls[len(CASES) :]):
        assert abs(moved["x"] / CASES[at // PERTURBED_RUNS]["x"] - 1) == pytest.approx(EPSILON)


def test_a_rewrite_with_other_rounding_agrees():
    def rewrite(case):
        return {"y": float(np.float32(case["x"]) * np.float32(case["x"])), "n": 2}

    judge(rewrite, square, CASES)


def test_every_case_is_asked_and_the_agreeing_ones_are_counted():
    def wrong_below_one(case):
        return square(case) if case["x"] >= 1 else {"y": 0.0, "n": 2}

    log = []
    student = Fake(wrong_below_one, log)
    with pytest.raises(Mismatch) as caught:
        check_each(CASES, ask, student, Fake(square, log, "reference"))
    assert len(student.calls) == len(CASES)
    assert (caught.value.agreed, caught.value.asked) == (18, 20)
    assert caught.value.summary == "2 of 20 cases differ; case 1: y differs"
    assert caught.value.detail == "asked 0.25, got 0"


@pytest.mark.parametrize(
    ("label", "words"),
    [
        ("the square", "the square (case 1): y differs"),
        (lambda case: f"{len(case)} key", "1 key (case 1): y differs"),
    ],
)
def test_label(label, words):
    with pytest.raises(Mismatch) as caught:
        judge(lambda case: {"y": -1.0, "n": 2}, square, CASES, label=label)
    assert caught.value.summary == f"20 of 20 cases differ; {words}"
    assert caught.value.agreed == 0


def test_no_cases_is_the_graders_fault():
    with pytest.raises(GraderFault, match="no cases"):
        judge(square, square, [])


def test_subjects_get_their_own_copy():
    def greedy(case):
        answer = case["x"].sum()
        case["x"][:] = 0
        return float(answer)

    cases = [{"x": np.arange(1.0, 4.0)} for _ in range(3)]
    judge(greedy, greedy, cases)
    assert all(case["x"].sum() == 6 for case in cases)


# ---- exceptions --------------------


def strict(case):
    if case["x"] < 0:
        raise ValueError("negative")
    return math.sqrt(case["x"])


class OwnError(ValueError):
    pass


@pytest.mark.parametrize("error", [ValueError, OwnError])
def test_the_expected_exception_agrees(error):
    def student(case):
        if case["x"] < 0:
            raise error("no")
        return case["x"] ** 0.5

    judge(student, strict, [{"x": -1.0}, {"x": 2.0}])


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda case: 0.0, "the answer is not a ValueError, which is asked here"),
        (lambda case: 1 / 0, "the answer is not a ValueError, which is asked here"),
    ],
)
def test_another_exception_or_none_is_wrong(answer, words):
    with pytest.raises(Mismatch) as caught:
        judge(lambda case: answer(case) if case["x"] < 0 else strict(case), strict, [{"x": 2.0}, {"x": -1.0}])
    assert caught.value.summary == f"1 of 2 cases differ; case 2: {words}"


def test_an_exception_where_an_answer_is_asked_is_a_wrong_answer():
    def student(case):
        if case["x"] > 4:
            raise KeyError("x")
        return square(case)

    with pytest.raises(Mismatch) as caught:
        judge(student, square, CASES)
    assert caught.value.summary == "5 of 20 cases differ; case 16: the answer is missing: raised an error"
    assert caught.value.detail == "KeyError('x')"
    assert caught.value.agreed == 15


def test_an_unusable_answer_is_a_wrong_one():
    def student(case):
        if case["x"] > 4:
            raise Unusable("returned a list where a dict is asked")
        return square(case)

    with pytest.raises(
        Mismatch, match="5 of 20 cases differ; case 16: the answer is missing: returned a list"
    ):
        judge(student, square, CASES)


def test_if_every_case_raises_the_first_fault_is_raised_again():
    def student(case):
        raise KeyError(case["x"])

    with pytest.raises(Raised) as caught:
        judge(student, square, CASES)
    assert caught.value.detail == "KeyError(0.5)"


def test_code_that_always_raises_earns_no_agreed_case():
    def student(case):
        raise ValueError("always")

    with pytest.raises(Mismatch) as caught:
        judge(student, strict, [{"x": -1.0}, {"x": 2.0}])
    assert (caught.value.agreed, caught.value.asked) == (0, 2)


@pytest.mark.parametrize("outcome", [Outcome.NOT_STARTED, Outcome.TIMED_OUT, Outcome.SUBMISSION_ERROR])
def test_a_stub_a_time_out_or_a_dead_worker_ends_the_test(outcome):
    def student(case):
        if case["x"] > 1:
            raise SubmissionFault(outcome, "ended")
        return square(case)

    subject = Fake(student)
    with pytest.raises(SubmissionFault, match="ended"):
        check_each(CASES, ask, subject, Fake(square))
    assert len(subject.calls) == 4


def test_an_exception_that_means_not_started_ends_the_test():
    fault = Raised("not started", types=("NotImplementedError", "RuntimeError"))
    fault.outcome = Outcome.NOT_STARTED

    def student(case):
        raise fault

    subject = Fake(student)
    with pytest.raises(Raised, match="not started"):
        check_each(CASES, ask, subject, Fake(square))
    assert len(subject.calls) == 1


@pytest.mark.parametrize(
    "error",
    [NameError("x"), AttributeError("x"), ImportError("x"), NotImplementedError("x"), UnboundLocalError("x")],
)
def test_a_broken_reference_is_the_graders_fault(error):
    def reference(case):
        raise error

    with pytest.raises(GraderFault, match="the reference failed on case 1"):
        judge(square, reference, CASES)


def test_a_reference_that_times_out_is_the_graders_fault():
    def reference(case):
        raise SubmissionFault(Outcome.TIMED_OUT, "too slow")

    with pytest.raises(GraderFault, match="the reference failed on case 1: too slow"):
        judge(square, reference, CASES)


def test_a_reference_that_fails_only_when_perturbed_is_the_graders_fault():
    def dies_when_moved(case):
        if case["x"] != 0.5:
            raise SubmissionFault(Outcome.TIMED_OUT, "too slow")
        return square(case)

    def raises_when_moved(case):
        if case["x"] != 0.5:
            raise ValueError("no")
        return square(case)

    with pytest.raises(GraderFault, match="failed on case 1 perturbed: too slow"):
        judge(square, dies_when_moved, [{"x": 0.5}])
    with pytest.raises(GraderFault, match="input unfit: the reference's answer to case 1"):
        judge(square, raises_when_moved, [{"x": 0.5}])


# ---- the budget --------------------


def gap_of(size, at=0):
    """A difference that loses log10(1 / size) digits."""
    return {"a": 1.0 + at / 7 + size, "b": 1.0 + at / 7}


def minus(case):
    return case["a"] - case["b"]


def in_float32(case):
    return float(np.float32(case["a"]) - np.float32(case["b"]))


def test_the_budget_follows_the_conditioning_of_the_input():
    """Inputs rounded to float32 move the difference by 1e-4 or so: within 64 beta, and past 2**10 u."""
    cases = [gap_of(5e-4, at) for at in range(5)]
    judge(in_float32, minus, cases)
    with pytest.raises(Mismatch):
        judge(lambda case: 1.1 * minus(case), minus, cases)


def test_an_input_that_hangs_on_the_last_bits_is_the_tests_fault():
    cases = [gap_of(0.5), gap_of(1e-5)]
    with pytest.raises(GraderFault, match="input unfit: the reference's answer to case 2"):
        judge(minus, minus, cases)


def test_an_answer_that_jumps_is_the_tests_fault():
    def counts(case):
        return {"n": math.floor(case["x"]), "y": case["x"]}

    with pytest.raises(GraderFault, match="input unfit"):
        judge(counts, counts, [{"x": 3.0}])
    judge(counts, counts, [{"x": 3.0}], exact=True)


def test_answers_without_floats_are_not_perturbed():
    _, reference = judge(lambda case: {"relu"}, lambda case: {"relu"}, CASES)
    assert len(reference.calls) == len(CASES)


def test_exact_cases_are_not_perturbed_and_compared_exactly():
    _, reference = judge(square, square, CASES, exact=True)
    assert len(reference.calls) == len(CASES)
    with pytest.raises(Mismatch):
        judge(lambda case: {"y": case["x"] ** 2 * (1 + 1e-12), "n": 2}, square, CASES, exact=True)


def test_zero_stays_zero_when_inputs_move():
    def step(case):
        return 1.0 if case["x"] > 0 else 0.5

    judge(step, step, [{"x": 0.0}, {"x": -0.0}])


def test_an_ill_conditioned_late_draw_costs_nobody_points():
    """A late case that fails with the shared budget is measured before it is called wrong."""
    easy = [gap_of(0.5, at) for at in range(PERTURBED_CASES)]
    hard = gap_of(4e-4, 1)
    student, reference = judge(in_float32, minus, [*easy, hard])
    assert len(reference.calls) == len(student.calls) + PERTURBED_CASES * PERTURBED_RUNS + THOROUGH_RUNS
    with pytest.raises(Mismatch) as caught:
        judge(lambda case: 1.5 * in_float32(case) if case == hard else in_float32(case), minus, [*easy, hard])
    assert caught.value.agreed == PERTURBED_CASES


def test_a_cancellation_that_few_draws_of_signs_overlook_costs_nobody_points():
    """Both draws of the first four runs give the two numbers of this case one sign."""
    overlooked = 7
    for draw in range(PERTURBED_RUNS // 2):
        moved = perturbed([1.0, 1.0], EPSILON, np.random.default_rng((overlooked, draw)))
        assert moved[0] == moved[1]
    cases = [gap_of(0.5, at) for at in range(PERTURBED_CASES)]
    cases[overlooked] = gap_of(4e-4, 1)
    judge(in_float32, minus, cases)
    with pytest.raises(Mismatch, match=f"1 of 16 cases differ; case {overlooked + 1}"):
        judge(lambda case: in_float32(case) * (1.5 if case == cases[overlooked] else 1), minus, cases)


def test_a_late_unfit_case_decides_nothing():
    easy = [gap_of(0.5, at) for at in range(PERTURBED_CASES)]
    unfit = gap_of(1e-6, 1)
    late = gap_of(0.5, 99)
    with pytest.raises(GraderFault, match=f"case {PERTURBED_CASES + 1} moves"):
        judge(in_float32, minus, [*easy, unfit, late])
    with pytest.raises(Mismatch) as caught:
        judge(lambda case: -1.0 if case == late else in_float32(case), minus, [*easy, unfit, late])
    assert caught.value.summary == f"1 of 18 cases differ; case {PERTURBED_CASES + 2}: the answer differs"
    assert caught.value.agreed == PERTURBED_CASES


def test_precision_and_scale_are_used():
    def nearly(case):
        return {"y": case["x"] ** 2 * (1 + 1e-9), "n": 2}

    judge(nearly, square, CASES)
    with pytest.raises(Mismatch):
        judge(nearly, square, CASES, precision="float64")
    judge(lambda case: 1e-3, lambda case: 0.0, CASES, scale=100.0)
    with pytest.raises(Mismatch):
        judge(lambda case: 1e-3, lambda case: 0.0, CASES)


# ---- perturbation --------------------

Point = namedtuple("Point", "x n")


@dataclasses.dataclass
class Network:
    x: float
    width: int
    cached: float = dataclasses.field(default=1.0, init=False)


def test_perturbed_keeps_structure_and_moves_floats_only():
    value = {
        "x": 2.0,
        "n": 3,
        "flag": True,
        "none": None,
        "name": "adam",
        "set": {1.5},
        "list": [1.0, (2.0, 3)],
        "point": Point(1.0, 2),
        "record": Record("Choice", {"lr": 0.1, "kind": "adam"}),
        "network": Network(1.0, 4),
        "weights": np.array([[1.0, 0.0], [-2.0, np.inf]], np.float32),
        "labels": np.array([1, 2]),
        "scalar": np.float32(2.0),
        "count": np.int64(7),
        "planes": np.array([1 + 1j]),
    }
    moved = perturbed(value, EPSILON, np.random.default_rng(0))
    same = ("n", "flag", "none", "name", "set", "count")
    assert {key: moved[key] for key in same} == {key: value[key] for key in same}
    assert abs(moved["x"] / 2 - 1) == pytest.approx(EPSILON)
    assert moved["list"][0] != 1.0
    assert isinstance(moved["list"][1], tuple)
    assert moved["list"][1][1] == 3
    assert isinstance(moved["point"], Point)
    assert moved["point"].x != 1.0
    assert moved["record"].kind == "adam"
    assert moved["record"].lr != 0.1
    assert moved["network"].x != 1.0
    assert moved["network"].width == 4
    assert moved["weights"].dtype == np.float32
    assert moved["weights"][0, 1] == 0.0
    assert moved["weights"][1, 1] == np.inf
    assert moved["weights"][0, 0] != 1.0
    assert (moved["labels"] == value["labels"]).all()
    assert isinstance(moved["scalar"], np.float32)
    assert moved["planes"].dtype == value["planes"].dtype
    assert moved["planes"][0] != 1 + 1j


@given(st.floats(allow_nan=False, allow_infinity=False), st.integers(0, 2**32))
def test_perturbed_by_at_most_one_ulp_of_float32(value, seed):
    moved = perturbed(value, EPSILON, np.random.default_rng(seed))
    assert abs(moved - value) <= 1.01 * EPSILON * abs(value) or math.isinf(moved)
    assert (moved == 0.0) == (value == 0.0)

"""Outcomes to points, a table: which cases ended how, and what the question pays and says."""

from __future__ import annotations

import math
from collections.abc import Iterable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grader.faults import Outcome
from grader.points import PlannedTest, Rung
from grader.scoring import (
    GATE_BROKEN,
    GATED,
    NEEDS_GPU,
    CaseResult,
    Mistake,
    QuestionScore,
    TestScore,
    score,
    total,
)

LADDER: tuple[tuple[Rung, float], ...] = (
    ("interface", 1.0),
    ("figures", 3.0),
    ("random", 4.0),
    ("edges", 2.0),
)


def planned(rung: Rung, points: float, question: str = "p1.a", **more: Any) -> PlannedTest:
    name = f"test_hidden.py::test_{question[3:]}_{rung}{more.pop('suffix', '')}"
    return PlannedTest(
        **{"question": question, "test": name, "title": rung, "points": points, "rung": rung} | more
    )


TABLE = [planned(rung, points) for rung, points in LADDER]


def case(
    plan: PlannedTest, outcome: Outcome = Outcome.PASSED, number: int | None = None, **more: Any
) -> CaseResult:
    name = plan.test if number is None else f"{plan.test}[{number}]"
    more.setdefault("summary", "" if outcome is Outcome.PASSED else f"{plan.title} {outcome.value}")
    return CaseResult(plan.question, plan.test, name, outcome, **more)


def one(table: list[PlannedTest], cases: Iterable[CaseResult], device: Any = "cpu") -> QuestionScore:
    (question,) = score(table, cases, device)
    return question


def by_rung(outcomes: str, **more: Any) -> QuestionScore:
    """The ladder's tests ended like this, a letter each; a dash did not run."""
    ends = {
        "p": Outcome.PASSED,
        "f": Outcome.FAILED,
        "s": Outcome.SUBMISSION_ERROR,
        "g": Outcome.GRADER_ERROR,
        "t": Outcome.TIMED_OUT,
        "n": Outcome.NOT_STARTED,
    }
    return one(
        TABLE,
        [case(plan, ends[end], **more) for plan, end in zip(TABLE, outcomes, strict=True) if end in ends],
    )


@pytest.mark.parametrize(
    ("ends", "points", "outcome", "complete", "message"),
    [
        ("pppp", 10, Outcome.PASSED, True, ""),
        ("pppf", 8, Outcome.FAILED, True, "edges failed"),
        ("ppfp", 2, Outcome.FAILED, True, "random failed"),
        ("ppff", 0, Outcome.FAILED, True, "random failed"),
        ("fppp", 9, Outcome.FAILED, True, "interface failed"),
        ("ffff", 0, Outcome.FAILED, True, "interface failed"),
        ("nnnn", 0, Outcome.NOT_STARTED, True, "interface not_started"),
        ("pnnn", 0, Outcome.NOT_STARTED, True, "figures not_started"),
        ("fnnn", 0, Outcome.FAILED, True, "interface failed"),
        ("ssss", 0, Outcome.SUBMISSION_ERROR, True, "interface submission_error"),
        ("pfst", 0, Outcome.TIMED_OUT, True, "figures failed"),
        ("ppgp", 2, Outcome.GRADER_ERROR, False, "could not be judged: random grader_error"),
        ("pppg", 8, Outcome.GRADER_ERROR, False, "could not be judged: edges grader_error"),
        ("fftg", 0, Outcome.GRADER_ERROR, False, "could not be judged: edges grader_error"),
        ("-f--", 0, Outcome.FAILED, False, "figures failed"),
        ("----", 0, Outcome.NOT_RUN, False, "not run"),
        ("pp--", 4, Outcome.NOT_RUN, False, "not run"),
        ("pf--", 1, Outcome.FAILED, False, "figures failed"),
        ("--p-", 4, Outcome.NOT_RUN, False, "not run"),
        ("ppp-", 8, Outcome.NOT_RUN, False, "not run"),
    ],
)
def test_a_ladder(ends: str, points: float, outcome: Outcome, complete: bool, message: str) -> None:
    question = by_rung(ends)
    assert (question.points, question.max_points) == (points, 10)
    assert (question.outcome, question.complete, question.message) == (outcome, complete, message)


def parts_of(question: QuestionScore) -> dict[str, TestScore]:
    return {test.plan.rung + test.plan.test.partition("~")[2]: test for test in question.tests}


def test_typed_in_figures_are_not_paid_and_told_why() -> None:
    tests = parts_of(by_rung("ppff"))
    assert [tests[rung].points for rung in ("interface", "figures")] == [0, 0]
    assert {tests[rung].message for rung in ("interface", "figures")} == {GATED}
    assert tests["figures"].outcome is Outcome.PASSED
    assert tests["figures"].withheld


def test_figures_that_wait_for_a_broken_random_test_are_told_that_it_is_ours() -> None:
    tests = parts_of(by_rung("ppgp"))
    assert tests["interface"].message == GATE_BROKEN
    assert tests["interface"].points == 0


def test_one_random_case_that_agreed_opens_the_gate() -> None:
    cases = [case(TABLE[0]), case(TABLE[1]), case(TABLE[2], Outcome.FAILED, agreed=1), case(TABLE[3])]
    assert one(TABLE, cases).points == 6


def test_a_time_out_after_agreeing_cases_opens_the_gate() -> None:
    cases = [case(TABLE[0]), case(TABLE[2], Outcome.TIMED_OUT, agreed=3)]
    assert one(TABLE, cases).points == 1


def test_random_tests_with_points_decide_where_there_are_any() -> None:
    invariant = planned("random", 0, suffix="~invariant")
    table = [*TABLE, invariant]
    cases = [case(TABLE[0]), case(TABLE[1]), case(TABLE[2], Outcome.FAILED), case(TABLE[3]), case(invariant)]
    assert one(table, cases).points == 2


def test_in_a_student_release_the_random_invariant_decides() -> None:
    table = [*TABLE[:2], planned("random", 0, suffix="~invariant")]
    right = one(table, [case(plan) for plan in table])
    assert (right.points, right.outcome) == (4, Outcome.PASSED)
    cases = [case(table[0]), case(table[1]), case(table[2], Outcome.FAILED, summary="does not sum to 1")]
    wrong = one(table, cases)
    assert (wrong.points, wrong.outcome, wrong.message) == (0, Outcome.FAILED, "does not sum to 1")


def test_a_lost_invariant_without_points_costs_nothing() -> None:
    invariant = planned("random", 0, suffix="~invariant")
    question = one([*TABLE, invariant], [*map(case, TABLE), case(invariant, Outcome.FAILED)])
    assert (question.points, question.outcome, question.message) == (10, Outcome.PASSED, "")


def test_a_broken_invariant_without_points_leaves_the_result_incomplete() -> None:
    invariant = planned("random", 0, suffix="~invariant")
    assert not one([*TABLE, invariant], [*map(case, TABLE), case(invariant, Outcome.GRADER_ERROR)]).complete


def test_a_question_without_random_tests_is_not_gated() -> None:
    table = TABLE[:2]
    assert one(table, [case(table[0]), case(table[1], Outcome.FAILED)]).points == 1


def test_a_closed_question_pays_its_share() -> None:
    table = [planned("closed", 6)]
    question = one(table, [case(table[0], Outcome.FAILED, share=2 / 3, summary="8 of 12 reasons")])
    assert (question.points, question.outcome, question.message) == (4, Outcome.FAILED, "8 of 12 reasons")


def test_a_question_that_is_worth_nothing_is_passed_by_passing() -> None:
    table = [planned("random", 0)]
    assert one(table, [case(table[0])]).outcome is Outcome.PASSED
    assert one(table, [case(table[0], Outcome.FAILED)]).outcome is Outcome.FAILED
    assert one(table, []).outcome is Outcome.NOT_RUN


# -- cases of one test ---------------------------------------------------------------------------------------

FIVE = planned("edges", 1.0, cases=5)


@pytest.mark.parametrize(
    ("ends", "points", "outcome", "complete", "message"),
    [
        ([Outcome.PASSED] * 5, 1.0, Outcome.PASSED, True, ""),
        ([Outcome.PASSED] * 4 + [Outcome.FAILED], 0.8, Outcome.FAILED, True, "edges failed"),
        ([Outcome.PASSED] * 3, 0.6, Outcome.NOT_RUN, False, "2 of 5 cases not run"),
        ([Outcome.FAILED] * 2, 0.0, Outcome.FAILED, False, "edges failed"),
        (
            [Outcome.PASSED] * 4 + [Outcome.GRADER_ERROR],
            0.8,
            Outcome.GRADER_ERROR,
            False,
            "could not be judged",
        ),
        (
            [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.PASSED],
            0.2,
            Outcome.TIMED_OUT,
            False,
            "edges timed_out",
        ),
        ([Outcome.PASSED] * 10, 1.0, Outcome.PASSED, True, ""),
        ([Outcome.PASSED] * 9 + [Outcome.FAILED], 0.9, Outcome.FAILED, True, "edges failed"),
        ([], 0.0, Outcome.NOT_RUN, False, "not run"),
    ],
)
def test_cases_merge_over_those_planned(
    ends: list[Outcome], points: float, outcome: Outcome, complete: bool, message: str
) -> None:
    (test,) = one([FIVE], [case(FIVE, end, number) for number, end in enumerate(ends)]).tests
    assert (test.points, test.outcome, test.complete) == (points, outcome, complete)
    assert test.message.startswith(message)


def test_the_first_of_the_worst_cases_speaks_whatever_order_they_ran_in() -> None:
    cases = [case(FIVE, Outcome.FAILED, number, summary=f"case {number}") for number in (10, 9, 2)]
    for order in (cases, cases[::-1]):
        assert one([FIVE], order).message == "case 2"


def test_the_same_case_twice_counts_as_its_worse_end() -> None:
    cases = [
        case(FIVE, Outcome.PASSED, 0),
        case(FIVE, Outcome.GRADER_ERROR, 0),
        case(FIVE, Outcome.PASSED, 0),
    ]
    (test,) = one([FIVE], cases).tests
    assert (test.points, test.outcome) == (0, Outcome.GRADER_ERROR)


def test_seconds_and_output_of_cases_add_up() -> None:
    cases = [
        case(FIVE, number=n, seconds=s, output=f"out {n}") for n, s in ((1, 0.5), (0, 1.5), (2, math.nan))
    ]
    (test,) = one([FIVE], cases).tests
    assert (test.seconds, test.output) == (2.0, "out 0\nout 1\nout 2")


def test_a_case_of_a_test_that_the_table_does_not_name_earns_nothing() -> None:
    stray = planned("edges", 50, suffix="~stray")
    assert one(TABLE, [case(stray)]).points == 0


# -- messages ------------------------------------------------------------------------------------------------


def test_a_hint_is_shown_where_points_are_lost_only() -> None:
    plan = planned("edges", 2, hint="check the sign")
    assert (
        one([plan], [case(plan, Outcome.FAILED, summary="Wrong.")]).message == "Wrong. Hint: check the sign"
    )
    assert one([plan], [case(plan)]).message == ""
    assert one([plan], [case(plan, Outcome.GRADER_ERROR, summary="")]).message == "could not be judged"
    assert one([plan], [case(plan, Outcome.NOT_STARTED, summary="")]).message == "not started"


def test_a_failure_without_a_summary_still_says_something() -> None:
    assert (
        one(TABLE[3:], [case(TABLE[3], Outcome.SUBMISSION_ERROR, summary="")]).message == "submission error"
    )


def test_the_first_mistake_that_was_recognised_is_the_questions() -> None:
    first, second = Mistake("sign", "Look at the sign."), Mistake("mean", "Look at the mean.")
    cases = [
        case(TABLE[0]),
        case(TABLE[1]),
        case(TABLE[2], Outcome.FAILED, agreed=1),
        case(TABLE[3], Outcome.FAILED, mistake=first),
    ]
    assert one(TABLE, cases).mistake == first
    cases[1], cases[2] = case(TABLE[1], Outcome.FAILED, mistake=second), case(TABLE[2])
    assert one(TABLE, cases).mistake == second


def test_a_mistake_that_explains_one_failure_of_many_is_not_told() -> None:
    right, stray = Mistake("right", "what is wrong"), Mistake("stray", "a coincidence")
    table = [planned("edges", 1.0, suffix=at) for at in range(6)]

    def told(names: list[Mistake | None], passed: int = 0) -> list[Mistake | None]:
        cases = [case(plan, Outcome.FAILED, mistake=name) for plan, name in zip(table, names, strict=False)]
        cases += [case(plan) for plan in table[len(names) :][:passed]]
        question = one(table[: len(names) + passed], cases)
        assert question.mistake == next((test.mistake for test in question.tests if test.mistake), None)
        return [test.mistake for test in question.tests]

    assert told([stray, None, None]) == [None] * 3
    assert told([right, right, None, None, None]) == [right, right, None, None, None]  # two of five
    assert told([stray, right, right]) == [None, right, right]
    assert told([stray, right]) == [stray, right]  # two mistakes, each explains half
    assert told([stray], passed=5) == [stray, *[None] * 5]  # all that failed is explained


def test_a_mistake_of_any_failed_case_is_the_tests() -> None:
    known = Mistake("sign", "Look at the sign.")
    cases = [case(FIVE, Outcome.FAILED, 0), case(FIVE, Outcome.FAILED, 1, mistake=known)]
    assert one([FIVE], cases).mistake == known


def test_nothing_is_wrong_with_what_passed() -> None:
    plan = TABLE[3]
    (test,) = one([plan], [case(plan, mistake=Mistake("x", "y"), summary="s", detail="d")]).tests
    assert (test.message, test.detail, test.mistake) == ("", "", None)


# -- numbers -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("share", "points"),
    [(0.5, 1.0), (1 / 3, 0.67), (2.0, 2.0), (-1.0, 0.0), (math.nan, 0.0), (math.inf, 0.0), (1e-9, 0.0)],
)
def test_a_share_is_finite_and_within_bounds(share: float, points: float) -> None:
    assert one(TABLE[3:], [case(TABLE[3], Outcome.FAILED, share=share)]).points == points


@pytest.mark.parametrize(
    "outcome",
    [Outcome.GRADER_ERROR, Outcome.SUBMISSION_ERROR, Outcome.TIMED_OUT, Outcome.NOT_STARTED, Outcome.NOT_RUN],
)
def test_only_a_failed_case_has_a_share(outcome: Outcome) -> None:
    assert one(TABLE[3:], [case(TABLE[3], outcome, share=0.9)]).points == 0


@given(
    st.lists(st.integers(1, 300), min_size=1, max_size=40),
    st.lists(st.floats(0, 0.999), min_size=40, max_size=40),
)
def test_sums_are_exact_and_never_above_the_maximum(tenths: list[int], shares: list[float]) -> None:
    table = [planned("edges", tenth / 10, f"p1.q{i % 7}", suffix=str(i)) for i, tenth in enumerate(tenths)]
    full = total(score(table, map(case, table)))
    assert full == (sum(tenths) / 10, sum(tenths) / 10, 0.0, True)
    cases = [case(plan, Outcome.FAILED, share=share) for plan, share in zip(table, shares, strict=False)]
    questions = score(table, cases)
    points, maximum, _, _ = total(questions)
    assert 0 <= points <= maximum
    assert points == round(points, 2) == math.fsum(round(q.points * 100) for q in questions) / 100


def test_no_table_is_never_complete() -> None:
    assert total(score([], [])) == (0.0, 0.0, 0.0, False)


# -- GPU -----------------------------------------------------------------------------------------------------

GPU = [*TABLE, planned("edges", 5, suffix="~gpu", device="cuda")]


def test_without_a_gpu_its_tests_stand_outside_everything() -> None:
    question = one(GPU, map(case, TABLE))
    assert (question.points, question.max_points, question.bonus) == (10, 10, 0)
    assert (question.outcome, question.complete) == (Outcome.PASSED, True)
    last = question.tests[-1]
    assert (last.outcome, last.message, last.max_points) == (Outcome.NOT_RUN, NEEDS_GPU, 0)


def test_a_result_of_a_gpu_test_counts_with_a_gpu_only() -> None:
    assert one(GPU, map(case, GPU)).bonus == 0
    question = one(GPU, map(case, GPU), "cuda")
    assert (question.points, question.max_points, question.bonus) == (10, 10, 5)


def test_a_gpu_test_that_did_not_run_leaves_the_result_complete() -> None:
    question = one(GPU, map(case, TABLE), "cuda")
    assert (question.points, question.bonus, question.complete) == (10, 0, True)
    assert question.outcome is Outcome.NOT_RUN


def test_a_question_on_gpu_alone() -> None:
    question = one(GPU[-1:], [])
    assert (question.outcome, question.max_points, question.message) == (Outcome.NOT_RUN, 0, NEEDS_GPU)


def test_a_gpu_that_cannot_judge_says_why() -> None:
    why = case(GPU[-1], Outcome.NOT_RUN, summary="not calibrated for that card")
    question = one(GPU[-1:], [why], "cuda")
    assert (question.outcome, question.bonus, question.max_points) == (Outcome.NOT_RUN, 0, 0)
    assert question.message == "not run: not calibrated for that card"
    assert total([one(GPU, [*map(case, TABLE), why], "cuda")]) == (10.0, 10.0, 0.0, True)


@pytest.mark.parametrize("outcome", [Outcome.PASSED, Outcome.FAILED, Outcome.NOT_STARTED])
def test_a_rehearsal_tells_how_it_ended_and_pays_nothing(outcome: Outcome) -> None:
    question = one(GPU[-1:], [case(GPU[-1], outcome)])
    assert (question.outcome, question.bonus, question.max_points) == (outcome, 0, 0)
    assert (question.tests[0].points, question.tests[0].max_points) == (0, 0)
    beside = one(GPU, [*map(case, TABLE), case(GPU[-1], outcome)])
    assert (beside.outcome, beside.points, beside.bonus) == (Outcome.PASSED, 10, 0)


def test_a_gpu_random_test_does_not_decide_about_cpu_points() -> None:
    fast = planned("random", 5, suffix="~gpu", device="cuda")
    cases = [*map(case, TABLE[:2]), case(TABLE[2], Outcome.FAILED), case(fast)]
    assert one([*TABLE, fast], cases, "cuda").points == 0


def test_questions_stand_in_the_tables_order() -> None:
    table = [planned("edges", 1, question) for question in ("p1.z", "p1.a", "p1.m")]
    assert [question.id for question in score(table, [])] == ["p1.z", "p1.a", "p1.m"]

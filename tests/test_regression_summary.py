"""What a regression finds wrong: each rule by records that break it, and by records that just do not."""

from __future__ import annotations

from typing import Any

import pytest
from regressed import TABLE, assignment, became, planned, record, solution

from grader.faults import Outcome
from grader.regression.records import CLEAR, Record, TestRecord
from grader.regression.solutions import Solution
from grader.regression.summary import Finding, Summary, summarise

X, Y, Z = TABLE
RIGHT = solution("reference")


def summary(
    *pairs: tuple[Solution, Record], whole: bool = False, table: Any = TABLE, ran: bool = True
) -> Summary:
    """Of these solutions; the reference is among them unless it is one of them."""
    found = dict(pairs)
    if ran and not any(each.kind == "reference" for each in found):
        found = {RIGHT: record(RIGHT), **found}
    return summarise(
        assignment(), table, list(found), {each.id: kept for each, kept in found.items()}, whole=whole
    )


def ids(found: Summary) -> list[str]:
    return [finding.id for finding in found.findings]


def finding(found: Summary, name: str) -> Finding:
    return next(each for each in found.findings if each.id == name)


def mistaken(name: str, *questions: str, named: str | None = None, **more: Any) -> tuple[Solution, Record]:
    """A known mistake that loses exactly its questions, of which a test each fails, and is named."""
    asked = questions or ("q1.a",)
    firsts = {"q1.a": X, "q1.b": Z}
    said = {"mistake": name if named is None else named} | more
    tests = [became(firsts[one], 0.0, **said) for one in asked]
    each = solution("mistake", name, *asked)
    return each, record(each, *tests, *(became(plan) for plan in TABLE if plan.test not in names(tests)))


def names(tests: list[TestRecord]) -> set[str]:
    return {test.name for test in tests}


def test_where_all_is_as_it_must_be_nothing_is_found() -> None:
    starter = solution("starter")
    wrong = [mistaken(name, "q1.a", "q1.b", largest=50.0, comparisons=1) for name in ("one", "two", "three")]
    untouched = record(starter, *(became(plan, 0.0, outcome=Outcome.NOT_STARTED) for plan in TABLE))
    alternative = solution("alternative", "other")
    found = summary((starter, untouched), (alternative, record(alternative)), *wrong, whole=True)
    assert found.findings == []
    assert (found.mistakes, found.named, found.misnamed, found.unnamed) == (3, 3, 0, [])
    first, second = found.questions
    assert (first.id, first.points, first.tests) == ("q1.a", 20.0, 2)
    assert (first.right, first.rights, first.declared, first.named) == (2, 2, 3, 3)
    assert first.wrong == ["one", "two", "three"]
    assert first.smallest_wrong == (50.0, "one")
    assert (second.id, second.points, second.tests) == ("q1.b", 20.0, 1)
    assert found.solutions == 6


# -- right solutions


@pytest.mark.parametrize("kind", ["reference", "alternative"])
def test_a_right_solution_that_loses_is_found_with_what_the_test_says(kind: Any) -> None:
    right = solution(kind)
    found = summary((right, record(right, became(X, 9.99), became(Y), became(Z))))
    assert ids(found) == [f"right: {right.id} q1.a"]
    said = finding(found, f"right: {right.id} q1.a").text
    assert "loses 0.01 points of q1.a" in said
    assert X.test in said
    assert "the answer differs" in said
    question = found.questions[0]
    assert question.rights - question.right == 1


def test_a_right_solution_may_come_to_a_tenth_of_the_tolerance() -> None:
    def margin(largest: float) -> Summary:
        return summary((RIGHT, record(RIGHT, became(X, largest=largest, comparisons=1), became(Y))))

    assert margin(0.1).findings == []
    assert margin(0.1).questions[0].largest_right == 0.1
    found = margin(0.101)
    assert ids(found) == ["margin of right: q1.a"]
    assert "0.1 of the tolerance, more than 0.1" in finding(found, "margin of right: q1.a").text


def test_the_largest_margin_of_all_right_solutions_counts() -> None:
    other = solution("alternative", "other")
    found = summary(
        (RIGHT, record(RIGHT, became(X, largest=0.02), became(Y, largest=0.0))),
        (other, record(other, became(X, largest=0.01), became(Y, largest=0.05))),
    )
    assert found.questions[0].largest_right == 0.05
    assert found.questions[1].largest_right is None


def test_what_right_solutions_may_differ_in_altogether_is_no_margin() -> None:
    found = summary((RIGHT, record(RIGHT, became(X, largest=CLEAR, comparisons=1))))
    assert found.questions[0].largest_right is None
    assert found.findings == []


def test_only_the_reference_tells_the_cost() -> None:
    other = solution("alternative", "other")
    found = summary(
        (RIGHT, record(RIGHT, became(X, cpu_seconds=1.5), became(Y, cpu_seconds=0.25))),
        (other, record(other, became(X, cpu_seconds=9.0))),
    )
    assert found.questions[0].cpu_seconds == 1.75


@pytest.mark.parametrize(("comparisons", "trivial", "found"), [(2, 2, True), (2, 1, False), (0, 0, False)])
def test_a_test_whose_every_comparison_is_trivial_is_found(
    comparisons: int, trivial: int, found: bool
) -> None:
    reference = record(RIGHT, became(X, comparisons=comparisons, trivial=trivial, largest=0.0))
    assert ids(summary((RIGHT, reference))) == ([f"trivial: {X.test}"] if found else [])
    # Only the reference's record says so: a wrong solution's comparisons end where it fails.
    each = mistaken("one", comparisons=comparisons, trivial=trivial)
    assert f"trivial: {X.test}" not in ids(summary(each))


# -- the starter


def test_a_point_for_the_untouched_starter_is_found() -> None:
    starter = solution("starter")
    kept = record(starter, became(X, 0.0), became(Y, 0.01), became(Z, 0.0))
    found = summary((starter, kept))
    assert ids(found) == [f"starter: {Y.test}"]
    assert "earns 0.01 points of q1.a" in found.findings[0].text
    assert found.mistakes == 0
    assert found.questions[0].wrong == []


# -- known mistakes


def test_a_mistake_that_loses_nothing_of_a_declared_question_is_found() -> None:
    each = solution("mistake", "mild", "q1.a", "q1.b")
    found = summary((each, record(each, became(X, 0.0, mistake="mild"), became(Z))))
    assert ids(found) == ["not lost: mild q1.b"]


def test_a_failed_test_without_points_loses_nothing() -> None:
    unpaid = planned("test_unpaid", points=0.0)
    each = solution("mistake", "mild", "q1.a")
    kept = record(each, became(unpaid, outcome=Outcome.FAILED, message="differs"), became(X))
    assert ids(summary((each, kept), table=[*TABLE, unpaid])) == ["not lost: mild q1.a"]


def test_a_mistake_that_loses_more_than_it_declares_is_found() -> None:
    each = solution("mistake", "wide", "q1.a")
    kept = record(each, became(X, 0.0, mistake="wide"), became(Z, 15.0))
    found = summary((each, kept))
    assert ids(found) == ["lost: wide q1.b"]
    assert "loses 5 points of q1.b too" in found.findings[0].text
    assert Z.test in found.findings[0].text
    assert found.questions[1].wrong == ["wide"]
    assert found.questions[1].declared == 0


def test_a_mistake_that_is_named_as_another_is_found() -> None:
    found = summary(mistaken("one", named="another"))
    assert ids(found) == ["misnamed: one another"]
    assert (found.named, found.misnamed, found.unnamed) == (0, 1, ["one"])


def test_the_right_name_does_not_excuse_a_wrong_one() -> None:
    each = solution("mistake", "one", "q1.a")
    kept = record(each, became(X, 0.0, mistake="one"), became(Y, 0.0, mistake="another"))
    found = summary((each, kept))
    assert ids(found) == ["misnamed: one another"]
    assert (found.named, found.misnamed, found.unnamed) == (1, 1, [])


@pytest.mark.parametrize(("unnamed", "found"), [(1, False), (2, True)])
def test_of_twenty_mistakes_one_may_be_unnamed(unnamed: int, found: bool) -> None:
    each = [
        mistaken(f"m{number:02}", "q1.a", "q1.b", named="" if number < unnamed else None)
        for number in range(20)
    ]
    several = summary(*each, whole=True)
    assert ids(several) == (["named"] if found else [])
    assert several.unnamed == [f"m{number:02}" for number in range(unnamed)]
    assert summary(*each, whole=False).findings == []


@pytest.mark.parametrize(("wrong", "found"), [(2, True), (3, False)])
def test_each_question_is_failed_by_three_wrong_solutions(wrong: int, found: bool) -> None:
    each = [mistaken(f"m{number}", "q1.a", "q1.b") for number in range(3)]
    each[wrong:] = [mistaken(f"m{number}", "q1.a") for number in range(wrong, 3)]
    assert ids(summary(*each, whole=True)) == (["few: q1.b"] if found else [])
    assert ids(summary(*each, whole=False)) == []


def test_the_starter_is_not_among_the_wrong_solutions() -> None:
    starter = solution("starter")
    lost = record(starter, *(became(plan, 0.0) for plan in TABLE))
    each = [mistaken(f"m{number}", "q1.a", "q1.b") for number in range(2)]
    assert ids(summary((starter, lost), *each, whole=True)) == ["few: q1.a", "few: q1.b"]


def test_a_question_that_only_a_gpu_can_judge_is_left_out() -> None:
    table = [X, planned("test_gpu", "q1.b", device="cuda")]
    each = [mistaken(f"m{number}", "q1.a") for number in range(3)]
    found = summary(*each, whole=True, table=table)
    assert found.findings == []
    assert [question.id for question in found.questions] == ["q1.a"]


# -- how far wrong solutions are off


def test_a_mistake_must_be_ten_tolerances_off() -> None:
    assert summary(mistaken("far", largest=10.0)).findings == []
    found = summary(mistaken("near", largest=9.9))
    assert ids(found) == ["margin of wrong: q1.a near"]
    assert "near is only 9.9 tolerances off" in found.findings[0].text


def test_the_clearest_of_its_failed_tests_counts_and_of_the_mistakes_the_nearest() -> None:
    each = solution("mistake", "one", "q1.a")
    kept = record(
        each, became(X, 0.0, mistake="one", largest=2.0), became(Y, 0.0, mistake="one", largest=30.0)
    )
    found = summary((each, kept), mistaken("two", largest=90.0))
    assert found.questions[0].smallest_wrong == (30.0, "one")
    assert found.findings == []


@pytest.mark.parametrize("largest", [None, 0.3])
def test_what_fails_without_a_number_past_the_tolerance_is_clearly_wrong(largest: float | None) -> None:
    """It raised, or a condition was not met: the comparisons before went well."""
    found = summary(mistaken("other", largest=largest))
    assert found.questions[0].smallest_wrong == (CLEAR, "other")
    assert found.findings == []


def test_a_test_that_went_through_tells_nothing_of_how_wrong_a_mistake_is() -> None:
    each = solution("mistake", "one", "q1.a")
    kept = record(each, became(X, 0.0, mistake="one", largest=20.0), became(Y, largest=0.9))
    assert summary((each, kept)).questions[0].smallest_wrong == (20.0, "one")


# -- what could not be judged


def test_a_grader_error_is_found_with_the_test() -> None:
    each, kept = mistaken("one")
    broken = became(Y, 0.0, outcome=Outcome.GRADER_ERROR, mistake="one")
    other = record(each, kept.tests[0], broken, complete=False, problems=["a problem of the run"])
    said = finding(summary((each, other)), "judged: mistake one")
    assert Y.test in said.text
    assert "a problem of the run" in said.text


def test_a_run_that_broke_off_without_a_word_is_found() -> None:
    found = summary((RIGHT, record(RIGHT, complete=False)))
    assert ids(found) == ["judged: reference"]
    assert "not all of it was judged" in found.findings[0].text


def test_what_was_not_graded_is_not_counted() -> None:
    left_out = solution("mistake", "later", "q1.a")
    found = summarise(assignment(), TABLE, [RIGHT, left_out], {"reference": record(RIGHT)}, whole=False)
    assert (found.solutions, found.mistakes, found.findings) == (1, 0, [])


def test_a_finding_has_the_same_name_in_every_run() -> None:
    """Figures and messages are none of it, or nobody could accept it by name."""
    each = solution("mistake", "wide", "q1.a")
    first = record(each, became(X, 0.0, mistake="wide", largest=2.0), became(Z, 15.0))
    second = record(each, became(X, 5.0, mistake="wide", largest=3.0), became(Z, 1.0, message="another"))
    assert ids(summary((each, first))) == ids(summary((each, second)))
    assert len(ids(summary((each, first)))) == 2

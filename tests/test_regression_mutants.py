"""What becomes of mutants, and of right solutions under many seeds."""

from __future__ import annotations

from typing import Any

import msgspec
import pytest
from regressed import TABLE, assignment, became, planned, record
from test_regression_choice import Everywhere

from grader.faults import Outcome
from grader.gate_file import GateRecord
from grader.mutation import Equivalent, Mutant
from grader.regression.alarms import alarms, seeds_of
from grader.regression.mutants import Judged, judged, solution_of, stages, tallies
from grader.regression.solutions import Solution

X, Y, Z = TABLE
REFERENCE = "def a(x):\n    return x + 1\n"


def mutant(name: str = "q1.a-sign-1", question: str = "q1.a") -> Mutant:
    at = REFERENCE.index("+")
    return Mutant(name, question, "a.py", "a", 2, "sign", "x + 1", "x - 1", REFERENCE, at, at + 1, "-")


def test_a_mutant_is_handed_in_as_the_reference_with_one_change(tmp_path: Any) -> None:
    found = solution_of(mutant(), assignment(), tmp_path)
    assert isinstance(found, Solution)
    assert (found.id, found.base, found.file) == ("mutant q1.a-sign-1", tmp_path, "a.py")
    assert found.text == "def a(x):\n    return x - 1\n"
    assert found.questions == {"q1.a"}
    assert not found.right


# -- in which order its tests are asked

LADDER = [
    planned("test_interface", rung="interface"),
    planned("test_figures", rung="figures"),
    planned("test_random", rung="random"),
    planned("test_edges", rung="edges"),
    planned("test_long", rung="edges"),
    planned("test_gpu", rung="random", device="cuda"),
    planned("test_other", "q1.b", rung="figures"),
    planned("test_other_random", "q1.b", rung="random"),
    planned("test_other_long", "q1.b", rung="random"),
]


def staged(*touched: str, table: Any = LADDER) -> list[list[str]]:
    trainings = {"test_long", "test_other_long"}
    long = {plan.test for plan in table if plan.title in trainings}
    found = stages(mutant(), table, Everywhere(*touched, table=table), long)
    return [[test.partition("::")[2] for test in stage] for stage in found]


def test_the_tests_of_its_own_question_come_first_and_training_runs_last() -> None:
    assert staged("q1.a", "q1.b") == [
        ["test_random", "test_edges", "test_figures", "test_interface"],
        ["test_other_random", "test_other"],
        ["test_long"],  # of its own question alone
    ]


def test_what_it_cannot_touch_is_not_asked() -> None:
    assert staged("q1.a") == [["test_random", "test_edges", "test_figures", "test_interface"], ["test_long"]]
    assert staged("q1.b") == [["test_other_random", "test_other"]]


def test_where_nothing_is_left_to_ask_all_tests_are() -> None:
    """A stage without names means every test; no stage would be no grading at all."""
    assert staged() == [[]]


# -- what became of it

WHY = Equivalent(id="q1.a-sign-1", why="x is always zero there, so that the sign is nobody's business.")


def verdict(*tests: Any, equivalents: Any = (), mistakes: Any = None, **more: Any) -> Judged:
    known = {each.id: each for each in equivalents}
    return judged(mutant(), record("mutant q1.a-sign-1", *tests, **more), known, mistakes or {})


def test_a_mutant_that_no_test_fails_survives_unless_there_is_a_reason() -> None:
    assert verdict().verdict == "survived"
    assert verdict(equivalents=[WHY]).verdict == "equivalent"
    assert verdict(equivalents=[Equivalent(id="q1.a-sign-2", why=WHY.why)]).verdict == "survived"


def test_a_mutant_that_a_test_fails_is_killed_by_the_first_whatever_the_reason_says() -> None:
    found = verdict(became(X), became(Y, 3.0), became(Z, 0.0), equivalents=[WHY])
    assert (found.verdict, found.naming, found.mistake) == ("killed", "question", "")
    assert found.killer is not None
    assert found.killer.name == Y.test


@pytest.mark.parametrize("outcome", [Outcome.FAILED, Outcome.TIMED_OUT, Outcome.SUBMISSION_ERROR])
def test_each_way_to_fail_kills(outcome: Outcome) -> None:
    assert verdict(became(X, 0.0, outcome=outcome)).verdict == "killed"


def test_a_test_without_points_kills_too() -> None:
    unpaid = planned("test_unpaid", points=0.0)
    assert verdict(became(unpaid, outcome=Outcome.FAILED)).verdict == "killed"


def test_a_mutant_that_only_another_question_fails_is_killed_elsewhere() -> None:
    found = verdict(became(X), became(Z, 0.0))
    assert (found.verdict, found.naming) == ("killed", "elsewhere")


def test_where_a_test_of_ours_broke_nothing_is_judged() -> None:
    broken = became(Y, 0.0, outcome=Outcome.GRADER_ERROR, message="an error of the grader")
    found = verdict(became(X, 0.0), broken, complete=False)
    assert (found.verdict, found.naming) == ("unjudged", None)
    assert found.killer is not None
    assert found.killer.name == Y.test


def test_a_run_that_broke_off_is_no_survivor() -> None:
    found = verdict(complete=False)
    assert (found.verdict, found.killer) == ("unjudged", None)


# -- what the student would be told


def test_a_name_is_believed_where_nothing_is_known_of_the_mistake() -> None:
    found = verdict(became(X, 0.0, mistake="one"))
    assert (found.verdict, found.naming, found.mistake) == ("killed", "named", "one")


def test_a_name_fits_where_the_mistake_fails_all_that_the_mutant_fails_in_the_question() -> None:
    tests = (became(X, 0.0, mistake="one"), became(Y), became(Z, 0.0))
    alike = record("mistake one", became(X, 2.0), became(Y), became(Z))
    assert verdict(*tests, mistakes={"one": alike}).naming == "named"
    more = record("mistake one", became(X, 0.0), became(Y, 0.0), became(Z, 0.0))
    assert verdict(*tests, mistakes={"one": more}).naming == "named"
    less = record("mistake one", became(X), became(Y), became(Z, 0.0))
    assert verdict(*tests, mistakes={"one": less}).naming == "misnamed"


def test_two_names_are_one_too_many() -> None:
    found = verdict(became(X, 0.0, mistake="one"), became(Y, 0.0, mistake="another"))
    assert (found.naming, found.mistake) == ("misnamed", "another, one")


def test_each_is_counted_in_its_question_and_altogether() -> None:
    def judgement(number: int, question: str, **said: Any) -> Judged:
        return Judged(mutant(f"{question}-sign-{number}", question), **said)

    found = [
        judgement(1, "q1.a", verdict="killed", naming="named"),
        judgement(2, "q1.a", verdict="killed", naming="misnamed"),
        judgement(3, "q1.a", verdict="survived"),
        judgement(4, "q1.a", verdict="equivalent"),
        judgement(5, "q1.b", verdict="killed", naming="question"),
        judgement(6, "q1.b", verdict="killed", naming="elsewhere"),
        judgement(7, "q1.b", verdict="unjudged"),
    ]
    (a, b, none), total = tallies(found, ["q1.a", "q1.b", "q1.c"])
    assert (a.total, a.killed, a.survived, a.equivalent) == (4, 2, [found[2]], 1)
    assert (a.named, a.question_named, a.misnamed) == (1, 0, [found[1]])
    assert a.share == pytest.approx(2 / 3)
    assert (b.total, b.killed, b.unjudged, b.named, b.question_named) == (3, 2, [found[6]], 0, 1)
    assert b.share == 1.0
    assert (none.total, none.share) == (0, 1.0)
    assert (total.total, total.killed, total.share) == (7, 4, 0.8)


# -- false alarms

SLOW = frozenset({Y.test})


def alarm(quick: int = 0, long: int = 0, *failed: Any, gates: Any = None) -> Any:
    def kept(seed: int, tests: Any) -> Any:
        return msgspec.structs.replace(record("reference", seed=seed), tests=list(tests))

    records = [kept(seed, failed if seed == 0 else ()) for seed in range(quick)]
    return alarms(
        assignment(), TABLE, SLOW, records, [kept(100 + seed, ()) for seed in range(long)], gates or {}
    )


def test_after_n_gradings_without_a_failure_its_chance_is_at_most_three_in_n() -> None:
    a, b = alarm(300, 20)
    assert (a.tests, a.seeds, a.long_tests, a.long_seeds, a.bound) == (1, 300, 1, 20, 0.01)
    assert (b.tests, b.seeds, b.long_tests, b.long_seeds, b.bound) == (1, 300, 0, 0, 0.01)
    assert (a.failures, a.calibrated) == ([], None)


def test_a_chance_is_one_at_most_and_unknown_without_gradings() -> None:
    assert [each.bound for each in alarm(2)] == [1.0, 1.0]
    assert [each.bound for each in alarm(0, 3)] == [None, None]


def test_a_failure_is_told_with_its_seed_and_has_no_bound() -> None:
    failed = became(X, 0.0)
    a, b = alarm(10, 0, failed)
    assert a.failures == [(0, "reference", failed)]
    assert a.bound is None
    assert (b.failures, b.bound) == ([], 0.3)


def test_a_gate_tells_the_chance_of_its_training_by_calibration() -> None:
    def gate(false_alarm: float, bound: float) -> GateRecord:
        figures = {"threshold": 0.9, "mean": 0.95, "sd": 0.01, "min": 0.9, "max": 1.0, "sd_run": 0.01}
        return GateRecord(
            measure="share",
            n=60,
            quantiles={},
            false_alarm=false_alarm,
            false_alarm_bound=bound,
            device="cpu",
            date="2026-01-02",
            versions={},
            **figures,
        )

    found = alarm(gates={"q1.a": gate(1e-6, 1e-4), "q1.gone": gate(1.0, 1.0)})
    assert [each.calibrated for each in found] == [1e-4, None]


def test_a_test_for_a_gpu_is_not_counted() -> None:
    table = [X, planned("test_gpu", device="cuda")]
    assert alarms(assignment(), table, frozenset(), [], [], {})[0].tests == 1


def test_seeds_are_the_same_everywhere_and_more_begin_with_the_same() -> None:
    assert seeds_of(3, "quick") == seeds_of(300, "quick")[:3]
    assert len(set(seeds_of(300, "quick"))) == 300
    assert not set(seeds_of(300, "quick")) & set(seeds_of(20, "training"))
    assert all(0 <= seed < 1 << 31 for seed in seeds_of(300, "quick"))
    # Worked out once: no hash and no generator of Python's is in it.
    assert seeds_of(2, "quick") == [1616286007, 908601214]
    assert seeds_of(0, "quick") == []

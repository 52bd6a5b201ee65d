"""Gradescope's results.json: its fields, and that it gives nothing away."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.config import Assignment, Question
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.results import gradescope
from grader.results.model import Context, Result
from grader.results.store import ResultStore
from grader.scoring import CaseResult, Mistake

ASSIGNMENT = Assignment(
    id="p1",
    folder=Path("p1"),
    title="Warm-up",
    files=["flow.py"],
    questions={"p1.a": Question(title="First", file="flow.py", minutes=5, review="Reread section 1.")},
)
SHOWN = PlannedTest(
    question="p1.a",
    test="test_public.py::test_shown",
    title="A title",
    points=40,
    rung="figures",
    visibility="visible",
)
HIDDEN = PlannedTest(
    question="p1.a", test="test_hidden.py::test_random", title="Random", points=60, rung="random"
)
GPU = PlannedTest(
    question="p1.a", test="test_gpu.py::test_fast", title="Fast", points=5, rung="edges", device="cuda"
)
TABLE = [SHOWN, HIDDEN, GPU]
SEED = 1234567890123456789

# Every field that Gradescope's documentation names; others it rejects.
TOP = {
    *("score", "execution_time", "output", "output_format", "test_output_format", "test_name_format"),
    *("visibility", "stdout_visibility", "extra_data", "tests", "leaderboard"),
}
TEST = {
    *("score", "max_score", "status", "name", "name_format", "number", "output", "output_format", "tags"),
    *("visibility", "extra_data"),
}


def case(plan: PlannedTest, outcome: Outcome = Outcome.PASSED, **more: Any) -> CaseResult:
    return CaseResult(plan.question, plan.test, plan.test, outcome, **more)


def store_of(path: Path | None = None, **context: Any) -> ResultStore:
    return ResultStore(Context(seed=SEED, **context), TABLE, ASSIGNMENT, gradescope_path=path)


def document(*cases: CaseResult, **context: Any) -> dict[str, Any]:
    store = store_of(**context)
    for each in cases:
        store.add(each)
    return gradescope.document(store.finish())


def test_a_document_with_score_zero_stands_there_first(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store_of(path)
    data = json.loads(path.read_bytes())
    assert data["score"] == 0
    assert "Grading has not come to an end" in data["output"]
    assert [test["score"] for test in data["tests"]] == [0, 0, 0]


def test_it_follows_every_case(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store = store_of(path)
    store.add(case(SHOWN))
    data = json.loads(path.read_bytes())
    assert data["score"] == 40
    assert "Grading has not come to an end" in data["output"]


def test_all_fields_are_gradescopes() -> None:
    store = store_of()
    store.add(case(SHOWN))
    store.leaderboard("Accuracy", 0.926)
    store.leaderboard("Time", 15.1, "asc")
    data = gradescope.document(store.finish())
    assert set(data) == TOP
    assert all(set(test) <= TEST for test in data["tests"])
    assert data["leaderboard"] == [
        {"name": "Accuracy", "value": 0.926, "order": "desc"},
        {"name": "Time", "value": 15.1, "order": "asc"},
    ]
    assert data["stdout_visibility"] == "hidden"
    formats = {data["output_format"], data["test_output_format"], data["test_name_format"]}
    assert formats | {test["output_format"] for test in data["tests"]} == {"text"}


def test_a_leaderboard_is_there_only_with_entries() -> None:
    assert "leaderboard" not in document()


def test_a_full_run() -> None:
    data = document(case(SHOWN, seconds=1.4), case(HIDDEN, seconds=1.4))
    assert (data["score"], data["output"], data["execution_time"]) == (100, "", 3)
    assert data["tests"][0] == {
        "number": "1.1",
        "name": "p1.a: A title",
        "name_format": "text",
        "score": 40.0,
        "max_score": 40.0,
        "output": "",
        "output_format": "text",
        "visibility": "visible",
        "tags": ["p1.a", "figures"],
        "status": "passed",
    }
    assert data["tests"][1]["visibility"] == "hidden"


def test_a_visible_failure_shows_everything_and_labels_what_was_printed() -> None:
    failed = case(
        SHOWN,
        Outcome.FAILED,
        summary="gradients differ",
        detail="dw1: -0.8 for -0.6",
        output="score: 100\nPASSED",
        mistake=Mistake("sign", "Look at the sign."),
    )
    assert document(failed)["tests"][0]["output"] == (
        "gradients differ\n\nLook at the sign.\n\ndw1: -0.8 for -0.6\n\n"
        "Your code printed:\n| score: 100\n| PASSED\n\nReview: Reread section 1."
    )


def test_a_hidden_failure_shows_its_safe_message_and_mistake_only() -> None:
    failed = case(
        HIDDEN,
        Outcome.FAILED,
        summary="differs on 3 of 200",
        detail="input 41.5",
        output="41.5",
        mistake=Mistake("sign", "Look at the sign."),
    )
    data = document(failed)
    assert (
        data["tests"][1]["output"] == "differs on 3 of 200\n\nLook at the sign.\n\nReview: Reread section 1."
    )
    assert "41.5" not in json.dumps(data)


def test_hidden_text_does_not_come_through_even_where_the_result_holds_it() -> None:
    result = store_of().finish()
    (question,) = result.questions
    tests = [msgspec.structs.replace(test, detail="41.5", output="41.5") for test in question.tests]
    leaky = msgspec.structs.replace(result, questions=[msgspec.structs.replace(question, tests=tests)])
    shown, *others = gradescope.document(leaky)["tests"]
    assert "41.5" in shown["output"]
    assert "41.5" not in json.dumps(others)


@pytest.mark.parametrize("outcome", list(Outcome))
def test_neither_seed_nor_its_source_is_in_it(outcome: Outcome) -> None:
    text = json.dumps(document(case(HIDDEN, outcome), seed_source="course secret"))
    assert str(SEED) not in text
    assert "course secret" not in text


def test_right_figures_that_are_not_paid_are_not_passed() -> None:
    data = document(case(SHOWN), case(HIDDEN, Outcome.FAILED, summary="differs"))
    assert (data["tests"][0]["status"], data["tests"][0]["score"]) == ("failed", 0)
    assert "counts only together with a right answer on random inputs" in data["tests"][0]["output"]


def test_a_test_that_was_not_judged_is_neither_right_nor_wrong() -> None:
    assert "status" not in document(case(HIDDEN, Outcome.GRADER_ERROR))["tests"][1]
    data = document(case(SHOWN))
    hidden, fast = data["tests"][1:]
    assert "status" not in hidden
    assert (hidden["output"], hidden["max_score"]) == ("not run", 60)
    assert ("status" in fast, fast["output"], fast["max_score"]) == (False, "not run: needs a GPU", 0)


def test_an_incomplete_result_says_so() -> None:
    assert document(case(SHOWN))["output"] == gradescope.INCOMPLETE
    broken = document(case(SHOWN), case(HIDDEN, Outcome.GRADER_ERROR, summary="the reference raised"))
    assert broken["output"] == gradescope.INCOMPLETE
    assert broken["tests"][1]["output"].startswith("could not be judged: the reference raised")
    assert broken["extra_data"]["complete"] is False


def test_a_stopped_run_says_so_with_its_problems() -> None:
    store = store_of()
    store.problem("flow.py is missing")
    data = gradescope.document(store.finish("stopped"))
    assert data["output"] == "Grading was stopped before its end.\nflow.py is missing"


@pytest.mark.parametrize(("score", "kept"), [(1e9, 100.0), (-5.0, 0.0), (99.5, 99.5)])
def test_scores_stay_within_bounds(score: float, kept: float) -> None:
    result: Result = msgspec.structs.replace(store_of().result(), score=score)
    assert gradescope.document(result)["score"] == kept


def test_a_bonus_is_paid_on_top() -> None:
    assert document(case(SHOWN), case(HIDDEN), case(GPU), device="cuda")["score"] == 105


def test_markup_and_escapes_are_only_text(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    nasty = "\x1b[31m<script>alert(1)</script>\x00"
    store = store_of(path)
    store.add(case(SHOWN, Outcome.FAILED, summary=nasty, detail=nasty, output=nasty + "z" * 50_000))
    store.finish()
    data = json.loads(path.read_bytes())
    test = data["tests"][0]
    assert test["output"].startswith("<script>alert(1)</script>\n\n")
    assert test["output_format"] == "text"
    assert "\\u001b" not in path.read_text()
    assert "\\u0000" not in path.read_text()
    assert len(test["output"]) < 12_000

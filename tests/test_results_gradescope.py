"""Gradescope's results.json: its fields, and that it gives nothing away."""

from __future__ import annotations

import base64
import json
from pathlib import Path
from typing import Any

import msgspec
import pytest
import support

from grader.config import Assignment, HiddenTests, Question
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.results import gradescope
from grader.results.model import Context, Result, State
from grader.results.store import ResultStore
from grader.scoring import CaseResult, Mistake, PictureFile

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


def document(*cases: CaseResult, hidden_tests: HiddenTests = "summary", **context: Any) -> dict[str, Any]:
    store = store_of(**context)
    for each in cases:
        store.add(each)
    return gradescope.document(store.finish(), hidden_tests=hidden_tests)


def output(*cases: CaseResult, **more: Any) -> str:
    """The text of the question's only row."""
    (row,) = document(*cases, **more)["tests"]
    return str(row["output"])


def test_a_document_with_score_zero_stands_there_first(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store_of(path)
    data = json.loads(path.read_bytes())
    assert data["score"] == 0
    assert "Grading has not come to an end" in data["output"]
    assert [test["score"] for test in data["tests"]] == [0]


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
    assert data["tests"] == [
        {
            "number": "1",
            "name": "p1.a: First",
            "name_format": "text",
            "score": 100.0,
            "max_score": 100.0,
            "output": "",
            "output_format": "text",
            "visibility": "visible",
            "tags": ["p1.a"],
            "status": "passed",
        }
    ]


FAILED = case(
    SHOWN,
    Outcome.FAILED,
    summary="gradients differ",
    detail="dw1: -0.8 for -0.6",
    output="score: 100\nPASSED",
    mistake=Mistake("sign", "Look at the sign."),
)


def test_a_row_says_the_mistake_what_went_wrong_and_what_to_reread() -> None:
    differs = case(
        HIDDEN,
        Outcome.FAILED,
        summary="differs on 3 of 200",
        detail="input 41.5",
        output="41.5",
        mistake=Mistake("sign", "Look at the sign."),
    )
    assert output(FAILED, differs) == (
        "Look at the sign.\n\n"
        "A title: 0 of 40 points\n"
        "    gradients differ\n"
        "    dw1: -0.8 for -0.6\n"
        "    Your code printed:\n"
        "    | score: 100\n"
        "    | PASSED\n\n"
        "Hidden tests: 0 of 60 points\n"
        "    differs on 3 of 200\n\n"
        "Review: Reread section 1."
    )


def test_what_was_right_is_not_listed() -> None:
    said = output(case(SHOWN), case(HIDDEN, Outcome.FAILED, summary="differs"))
    assert said.startswith("A title: 0 of 40 points\n    right, but counts only together with")
    said = output(case(SHOWN, Outcome.FAILED, summary="differs"), case(HIDDEN))
    assert "Hidden" not in said
    assert "A title: 0 of 40 points\n    differs" in said


@pytest.mark.parametrize("outcome", [Outcome.NOT_STARTED, Outcome.NOT_RUN])
def test_an_untouched_question_is_not_listed_test_by_test(outcome: Outcome) -> None:
    said = output(case(SHOWN, outcome), case(HIDDEN, outcome))
    first, *rest = said.split("\n\n")
    assert first == outcome.value.replace("_", " ")
    assert rest == (["Review: Reread section 1."] if outcome is Outcome.NOT_STARTED else [])


def test_what_is_wrong_with_a_file_is_said_once() -> None:
    ends = [case(plan, Outcome.SUBMISSION_ERROR, summary="flow.py is missing") for plan in (SHOWN, HIDDEN)]
    message = document(*ends)["tests"][0]["output"]
    assert message.count("flow.py is missing") == 1
    assert message.endswith("\n\nReview: Reread section 1.")
    raised = [
        case(SHOWN, Outcome.SUBMISSION_ERROR, summary="flow.py does not import", detail="line 3: NameError"),
        case(HIDDEN, Outcome.SUBMISSION_ERROR, summary="flow.py does not import", detail="line 3: NameError"),
    ]
    said = output(*raised)
    assert said.count("does not import") == said.count("line 3: NameError") == 1
    other = case(HIDDEN, Outcome.SUBMISSION_ERROR, summary="raised ValueError")
    assert "raised ValueError" in output(raised[0], other)


def test_what_is_said_once_is_not_a_bonus_that_was_not_asked_for() -> None:
    store = ResultStore(Context(), [GPU, SHOWN, HIDDEN], ASSIGNMENT)
    for plan in (SHOWN, HIDDEN):
        store.add(case(plan, Outcome.SUBMISSION_ERROR, summary="flow.py is missing"))
    (row,) = gradescope.document(store.finish())["tests"]
    assert row["output"].startswith("flow.py is missing\n\n")


def test_margins_of_gates_are_told_where_they_passed_too() -> None:
    said = output(case(SHOWN, note="pass 0.9, yours 0.95"), case(HIDDEN, note="pass 0.9, yours 0.97"))
    assert said == (
        "A title: 40 of 40 points\n    pass 0.9, yours 0.95\n\n"
        "Hidden tests: 60 of 60 points\n    pass 0.9, yours 0.97"
    )


def test_a_bonus_that_was_not_asked_for_is_not_missed() -> None:
    (row,) = document(case(SHOWN), case(HIDDEN), case(GPU, Outcome.NOT_RUN, summary="needs a GPU"))["tests"]
    assert (row["status"], row["output"], row["max_score"]) == ("passed", "", 100)


@pytest.mark.parametrize("when", ["hidden", "after_due_date", "after_published"])
def test_hidden_tests_are_a_row_of_their_own_where_a_course_wants_it(when: Any) -> None:
    differs = case(HIDDEN, Outcome.FAILED, summary="differs on 3", mistake=Mistake("sign", "The sign."))
    shown, hidden = document(case(SHOWN), differs, hidden_tests=when)["tests"]
    assert (shown["visibility"], hidden["visibility"]) == ("visible", when)
    assert (shown["number"], hidden["number"]) == ("1.1", "1.2")
    assert shown["name"] == "p1.a: First (public tests)"
    assert "differs" not in shown["output"]
    assert "The sign." not in shown["output"]
    assert "differs on 3" in hidden["output"]
    assert "The sign." in hidden["output"]


def test_tests_with_a_date_of_their_own_keep_it() -> None:
    later = msgspec.structs.replace(HIDDEN, visibility="after_due_date")
    store = ResultStore(Context(), [SHOWN, later], ASSIGNMENT)
    store.add(case(SHOWN))
    store.add(case(later))
    visibilities = [row["visibility"] for row in gradescope.document(store.finish())["tests"]]
    assert visibilities == ["visible", "after_due_date"]


def test_hidden_text_does_not_come_through_even_where_the_result_holds_it() -> None:
    store = store_of()
    store.add(case(SHOWN, Outcome.FAILED, summary="differs"))
    store.add(case(HIDDEN, Outcome.FAILED, summary="differs"))
    result = store.finish()
    (question,) = result.questions
    tests = [
        msgspec.structs.replace(test, detail=f"41.5 in {test.visibility}", output="41.5", title=test.title)
        for test in question.tests
    ]
    leaky = msgspec.structs.replace(result, questions=[msgspec.structs.replace(question, tests=tests)])
    (row,) = gradescope.document(leaky)["tests"]
    assert "41.5 in visible" in row["output"]
    assert "41.5 in hidden" not in row["output"]
    assert HIDDEN.title not in row["output"]


def test_many_hidden_messages_are_not_all_told() -> None:
    more = [msgspec.structs.replace(HIDDEN, test=f"test_hidden.py::test_{n}", points=10) for n in range(6)]
    store = ResultStore(Context(), [SHOWN, *more], ASSIGNMENT)
    for number, plan in enumerate(more):
        store.add(case(plan, Outcome.FAILED, summary=f"differs in its own way {number}"))
    (row,) = gradescope.document(store.finish())["tests"]
    assert row["output"].count("differs in its own way") == 3


# -- pictures


PIXEL = b"\x89PNG\r\n\x1a\n" + b"x" * 40


def drawn(folder: Path, *files: str, state: State = "finished") -> dict[str, Any]:
    store = store_of(artifacts=str(folder))
    pictures = tuple(PictureFile(name, f"<b>{name}</b>") for name in files)
    store.add(case(SHOWN, Outcome.FAILED, summary="a < b", pictures=pictures))
    (row,) = gradescope.document(store.finish(state))["tests"]
    return dict(row)


def test_pictures_stand_in_the_page_and_all_text_is_escaped(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PIXEL)
    row = drawn(tmp_path, "a.png")
    assert row["output_format"] == "html"
    assert f"data:image/png;base64,{base64.b64encode(PIXEL).decode()}" in row["output"]
    assert "a &lt; b" in row["output"]
    assert "<b>" not in row["output"]
    assert 'alt="&lt;b&gt;a.png&lt;/b&gt;"' in row["output"]


def test_pictures_that_are_gone_or_too_large_are_left_out(tmp_path: Path) -> None:
    (tmp_path / "large.png").write_bytes(PIXEL + bytes(200_000))
    row = drawn(tmp_path, "gone.png", "large.png")
    assert row["output_format"] == "text"
    for number in range(20):
        (tmp_path / f"{number}.png").write_bytes(PIXEL + bytes(140_000))
    row = drawn(tmp_path, *(f"{number}.png" for number in range(20)))
    assert row["output"].count("<figure>") == 10


def test_pictures_wait_for_the_end(tmp_path: Path) -> None:
    (tmp_path / "a.png").write_bytes(PIXEL)
    assert drawn(tmp_path, "a.png", state="stopped")["output_format"] == "text"


@pytest.mark.parametrize("outcome", list(Outcome))
def test_neither_seed_nor_its_source_is_in_it(outcome: Outcome) -> None:
    text = json.dumps(document(case(HIDDEN, outcome), seed_source="course secret"))
    assert str(SEED) not in text
    assert "course secret" not in text


def test_right_figures_that_are_not_paid_are_not_passed() -> None:
    (row,) = document(case(SHOWN), case(HIDDEN, Outcome.FAILED, summary="differs"))["tests"]
    assert (row["status"], row["score"]) == ("failed", 0)
    assert "counts only together with a right answer on random inputs" in row["output"]


def test_a_question_that_was_not_judged_is_neither_right_nor_wrong() -> None:
    assert "status" not in document(case(SHOWN), case(HIDDEN, Outcome.GRADER_ERROR))["tests"][0]
    (row,) = document(case(SHOWN))["tests"]
    assert "status" not in row
    assert "Hidden tests: 0 of 60 points\n    not run" in row["output"]


def test_a_run_that_cannot_begin_has_a_row_that_says_why() -> None:
    store = ResultStore(Context(), [], ASSIGNMENT)
    store.problem("p1 has no part 'third'")
    (row,) = gradescope.document(store.finish("stopped"))["tests"]
    assert (row["score"], row["max_score"], row["output"]) == (0, 0, "p1 has no part 'third'")


def test_an_incomplete_result_says_so() -> None:
    assert document(case(SHOWN))["output"] == gradescope.INCOMPLETE
    broken = document(case(SHOWN), case(HIDDEN, Outcome.GRADER_ERROR, summary="the reference raised"))
    assert broken["output"] == gradescope.INCOMPLETE
    assert "could not be judged: the reference raised" in broken["tests"][0]["output"]
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
    assert test["output"].startswith("A title: 0 of 40 points\n    <script>alert(1)</script>\n")
    assert test["output_format"] == "text"
    assert "\\u001b" not in path.read_text()
    assert "\\u0000" not in path.read_text()
    assert len(test["output"]) < 12_000


@pytest.mark.parametrize(
    "damage",
    [
        {"colour": "red"},
        {"score": "1"},
        {"score": -1},
        {"execution_time": 1.5},
        {"output": "\x1b[2J"},
        {"output_format": "latex"},
        {"visibility": "shown"},
        {"tests": []},
        {"tests": [{"name": "t", "score": 1, "max_score": 1, "status": "skipped"}]},
        {"tests": [{"name": "t", "score": 1, "max_score": 1, "title": "t"}]},
        {"tests": [{"name": "", "score": 1, "max_score": 1}]},
        {"tests": [{"name": "t", "score": 1}]},
        {"leaderboard": [{"name": "Accuracy", "value": 0.9, "order": "down"}]},
    ],
)
def test_the_schema_refuses_what_the_platform_does_not_know(damage: dict[str, Any]) -> None:
    right = {"score": 1, "execution_time": 1, "tests": [{"name": "t", "score": 1, "max_score": 1}]}
    assert support.GRADESCOPE.is_valid(right)
    assert not support.GRADESCOPE.is_valid({**right, **damage})

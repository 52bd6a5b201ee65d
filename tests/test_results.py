"""The result and its JSON file: harmless, finite, complete or not, and whole at every moment."""

from __future__ import annotations

import json
import math
import os
import signal
import stat
import subprocess
import sys
import threading
from dataclasses import replace
from pathlib import Path
from typing import Any

import jsonschema
import msgspec
import pytest

from grader.config import Assignment, Question
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.results import files, json_file
from grader.results.model import Context, Result
from grader.results.store import ResultStore
from grader.schemas.generate import schemas
from grader.scoring import CaseResult, Mistake, PictureFile
from grader.submission import FileState, Submission, SubmittedFile

ASSIGNMENT = Assignment(
    id="p1",
    folder=Path("p1"),
    title="Warm-up",
    files=["flow.py"],
    questions={
        "p1.first": Question(title="First", file="flow.py", minutes=5, review="Reread section 1."),
        "p1.second": Question(title="Second", file="flow.py", minutes=5, review="Reread section 2."),
    },
)
SHOWN = PlannedTest(
    question="p1.second",
    test="test_public.py::test_shown",
    title="A title",
    points=40,
    rung="figures",
    visibility="visible",
)
HIDDEN = PlannedTest(
    question="p1.second", test="test_hidden.py::test_random", title="Random", points=20.5, rung="random"
)
LATER = PlannedTest(
    question="p1.first",
    test="test_hidden.py::test_later",
    title="Later",
    points=39.5,
    visibility="after_due_date",
)
TABLE = [SHOWN, HIDDEN, LATER]
SCHEMA = json.loads(schemas()["result-1.json"])


def case(plan: PlannedTest, outcome: Outcome = Outcome.PASSED, **more: Any) -> CaseResult:
    return CaseResult(plan.question, plan.test, plan.test, outcome, **more)


def store_of(
    json_path: Path | None = None, gradescope_path: Path | None = None, **context: Any
) -> ResultStore:
    return ResultStore(Context(**context), TABLE, ASSIGNMENT, json_path, gradescope_path)


def written(path: Path) -> dict[str, Any]:
    """What a strict reader finds in the file."""

    def refuse(constant: str) -> None:
        raise ValueError(f"{constant} is not JSON")

    data: dict[str, Any] = json.loads(path.read_bytes(), parse_constant=refuse)
    jsonschema.validate(data, SCHEMA)
    return data


# -- the file ------------------------------------------------------------------------------------------------


def test_the_file_exists_before_anything_is_judged(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "results.json"
    store_of(path)
    data = written(path)
    assert (data["state"], data["complete"]) == ("starting", False)
    assert (data["score"], data["max_score"]) == (0.0, 100.0)
    assert {test["outcome"] for question in data["questions"] for test in question["tests"]} == {"not_run"}


def test_the_file_follows_every_case(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store = store_of(path)
    for plan, score in zip(TABLE, (40, 60.5, 100), strict=True):
        store.add(case(plan))
        data = written(path)
        assert (data["state"], data["score"]) == ("running", score)
    store.finish()
    data = written(path)
    assert (data["state"], data["complete"]) == ("finished", True)
    assert os.listdir(tmp_path) == ["results.json"]


def test_where_nobody_waits_the_file_is_written_at_both_ends(tmp_path: Path) -> None:
    """A process that grades many submissions: the file says so until the run is over, problems included."""
    path = tmp_path / "results.json"
    store = ResultStore(Context(), TABLE, ASSIGNMENT, path, at_each=False)
    store.problem("found before the first case")
    assert written(path)["problems"] == ["found before the first case"]
    for plan in TABLE:
        store.add(case(plan))
        store.problem(f"found with {plan.test}")
        assert (written(path)["state"], written(path)["score"]) == ("starting", 0.0)
    store.finish()
    data = written(path)
    assert (data["state"], data["score"], len(data["problems"])) == ("finished", 100.0, 4)


def test_everything_that_the_file_says(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    taken = (SubmittedFile("flow.py", FileState.OK, "flow.py is empty"),)
    store = store_of(
        path,
        submission=Submission(Path("in/p1"), tmp_path, taken, ("notes.txt",), "ab12"),
        isolation="process",
        layers=["session"],
        seed=2**63 - 1,
        seed_source="course secret",
        versions={"grader": "0.1.0"},
    )
    mistake = Mistake("sign", "The sign is wrong.\nLook at the error term.")
    store.add(case(SHOWN, seconds=0.25))
    failed = case(
        HIDDEN,
        Outcome.FAILED,
        summary="195 of 200 cases differ",
        mistake=mistake,
        seconds=1.5,
        cpu_seconds=0.75,
    )
    pictures = (
        PictureFile("loss.png", "Loss"),
        PictureFile("films.png", "Films (not drawn)", drawn=False),
    )
    store.add(replace(failed, note="reaches 0.9", pictures=pictures))
    store.add(case(LATER))
    store.finish()
    data = written(path)
    assert list(data) == [
        *(
            "schema_version",
            "assignment",
            "title",
            "state",
            "complete",
            "score",
            "max_score",
            "bonus",
            "questions",
        ),
        *(
            "problems",
            "submission",
            "submission_hash",
            "leaderboard",
            "isolation",
            "layers",
            "device",
            "seed",
        ),
        *("seed_source", "versions", "artifacts", "part", "hidden_points"),
    ]
    assert data["submission"] == {
        "folder": "in/p1",
        "files": [{"name": "flow.py", "state": "ok", "note": "flow.py is empty"}],
        "ignored": ["notes.txt"],
    }
    assert (data["seed"], data["submission_hash"], data["problems"]) == (
        2**63 - 1,
        "ab12",
        ["flow.py is empty"],
    )
    assert (data["isolation"], data["layers"], data["device"]) == ("process", ["session"], "cpu")
    first, second = data["questions"]  # in the order of the handout, not of the table
    assert (first["id"], first["outcome"], first["review"]) == ("p1.first", "passed", "")
    assert first["visibility"] == "after_due_date"
    assert {key: value for key, value in second.items() if key != "tests"} == {
        "id": "p1.second",
        "title": "Second",
        "points": 0.0,
        "max_points": 60.5,
        "bonus": 0.0,
        "outcome": "failed",
        "message": "195 of 200 cases differ",
        "mistake": {"name": "sign", "message": mistake.message},
        "visibility": "hidden",
        "seconds": 1.75,
        "cpu_seconds": 0.75,
        "review": "Reread section 2.",
    }
    assert second["tests"][1] == {
        "name": "test_hidden.py::test_random",
        "title": "Random",
        "points": 0.0,
        "max_points": 20.5,
        "outcome": "failed",
        "message": "195 of 200 cases differ",
        "detail": "",
        "output": "",
        "mistake": {"name": "sign", "message": mistake.message},
        "visibility": "hidden",
        "rung": "random",
        "device": "cpu",
        "seconds": 1.5,
        "cpu_seconds": 0.75,
        "note": "reaches 0.9",
        "pictures": [{"file": "loss.png", "title": "Loss"}, {"file": "", "title": "Films (not drawn)"}],
    }


def test_a_file_is_read_back_as_the_result_that_was_written(tmp_path: Path) -> None:
    store = store_of(tmp_path / "results.json", seed=5)
    store.add(case(SHOWN, Outcome.FAILED, summary="ümläut 数"))
    result = store.finish("stopped")
    assert json_file.parse((tmp_path / "results.json").read_bytes()) == result
    with pytest.raises(msgspec.DecodeError):
        json_file.parse(b'{"schema_version": 2}')


def test_a_number_that_is_not_json_is_never_written() -> None:
    result = msgspec.structs.replace(store_of().result(), score=math.nan)
    with pytest.raises(ValueError, match="not JSON compliant"):
        json_file.render(result)


def test_the_same_cases_in_another_order_give_the_same_result() -> None:
    """xdist's nodes report in an order of their own."""
    cases = [case(SHOWN), case(HIDDEN, Outcome.FAILED, summary="x"), case(LATER)]
    results = []
    for order in (cases, cases[::-1]):
        store = store_of()
        for each in order:
            store.add(each)
        store.leaderboard("b", 1.0)
        store.leaderboard("a", 2.0, "asc")
        results.append(store.finish())
    assert results[0] == results[1]
    assert [entry.name for entry in results[0].leaderboard] == ["a", "b"]


def test_others_may_read_the_file_as_the_umask_says(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        store_of(tmp_path / "results.json")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "results.json").stat().st_mode) == 0o640


# -- faults --------------------------------------------------------------------------------------------------


def test_a_private_file_is_closed_to_others_from_its_first_byte(tmp_path: Path) -> None:
    path = tmp_path / "report.html"
    path.write_text("open to all")
    before = os.umask(0)
    try:
        files.replace(path, b"names", private=True)
    finally:
        os.umask(before)
    assert (path.stat().st_mode & 0o777, path.read_bytes()) == (0o600, b"names")


def test_a_folder_that_cannot_be_written_does_not_stop_the_grading(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    path = tmp_path / "file" / "results.json"
    other = tmp_path / "gradescope.json"
    store = store_of(path, other)
    for plan in TABLE:
        store.add(case(plan))
    assert store.finish().score == 100
    assert list(store.unwritten) == [path]
    assert "exists" in store.unwritten[path] or "Not a directory" in store.unwritten[path]
    assert json.loads(other.read_bytes())["score"] == 100


def test_a_folder_that_comes_back_is_written_again(tmp_path: Path) -> None:
    (tmp_path / "later").write_text("")
    store = store_of(tmp_path / "later" / "results.json")
    assert store.unwritten
    (tmp_path / "later").unlink()
    store.add(case(SHOWN))
    assert store.unwritten == {}
    assert written(tmp_path / "later" / "results.json")["score"] == 40


FULL_DISK = """
import resource, signal, sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_results import HIDDEN, Outcome, case, store_of
path = Path(sys.argv[1])
store = store_of(path)
before = path.read_bytes()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))
store.add(case(HIDDEN, Outcome.FAILED, summary="x"))
assert path.read_bytes() == before
assert [item.name for item in path.parent.iterdir()] == [path.name]
print(store.unwritten[path], store.finish().state)
"""


def test_a_full_disk_leaves_the_last_file_and_nothing_half_written(tmp_path: Path) -> None:
    """A real write that fails in the middle: a file may have 1,000 bytes."""
    done = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(tmp_path / "results.json"), str(Path(__file__).parent)],
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == "File too large finished\n"


ENDLESS = """
import sys
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from test_results import SHOWN, case, store_of
store = store_of(Path(sys.argv[1]))
store.add(case(SHOWN))
print("ready", flush=True)
while True:
    store.add(case(SHOWN, output="x" * 5000))
"""


def test_a_write_that_is_cut_off_leaves_nothing_beside_the_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "results.json"
    files.replace(path, b"old")

    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "replace", interrupt)
    with pytest.raises(KeyboardInterrupt):
        files.replace(path, b"new")
    assert os.listdir(tmp_path) == ["results.json"]
    assert path.read_bytes() == b"old"


def test_a_judge_that_is_killed_leaves_a_valid_file(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    judge = subprocess.Popen(
        [sys.executable, "-c", ENDLESS, str(path), str(Path(__file__).parent)], stdout=subprocess.PIPE
    )
    with judge:
        assert judge.stdout is not None
        judge.stdout.readline()
        for _ in range(100):
            json.loads(path.read_bytes())
        judge.send_signal(signal.SIGKILL)
    assert written(path)["state"] == "running"


def test_two_runs_into_one_file_do_not_mix(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    stores = [store_of(path), store_of(path)]

    def grade(store: ResultStore) -> None:
        for _ in range(10):
            for plan in TABLE:
                store.add(case(plan))

    threads = [threading.Thread(target=grade, args=(store,)) for store in stores]
    for thread in threads:
        thread.start()
    while any(thread.is_alive() for thread in threads):
        json.loads(path.read_bytes())
    assert [store.unwritten for store in stores] == [{}, {}]
    assert os.listdir(tmp_path) == ["results.json"]


def test_a_case_that_nobody_planned_is_reported_and_leaves_the_result_incomplete() -> None:
    store = store_of()
    for plan in (*TABLE, msgspec.structs.replace(SHOWN, test="test_public.py::test_new", points=50)):
        store.add(case(plan))
    result = store.finish()
    assert (result.score, result.complete) == (100, False)
    assert result.problems == ["test_public.py::test_new is not in points.toml: run `grader points`"]
    assert store.grader_error


def test_a_table_may_be_replaced_by_what_was_collected() -> None:
    store = store_of()
    store.replan([SHOWN])
    store.add(case(SHOWN))
    result = store.finish()
    assert (result.score, result.max_score, result.complete) == (40, 40, True)


def test_a_problem_of_ours_stands_against_the_result_and_one_of_theirs_does_not() -> None:
    store = store_of()
    for plan in TABLE:
        store.add(case(plan))
    store.problem("flow.py is missing")
    store.problem("flow.py is missing")
    assert (store.result().complete, store.grader_error) == (True, False)
    assert store.result().problems == ["flow.py is missing"]
    store.problem("test_hidden.py cannot be imported", fault=True)
    assert (store.result().complete, store.grader_error) == (False, True)


def test_a_grader_error_is_the_stores_to_tell() -> None:
    store = store_of()
    store.add(case(HIDDEN, Outcome.GRADER_ERROR, summary="the reference raised"))
    assert store.grader_error
    assert not store.result().complete


def test_a_submission_that_was_not_found_still_has_its_folders_name(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store = store_of(path, folder=Path("no/such/folder"))
    store.problem("there is no folder no/such/folder")
    store.finish("stopped")
    data = written(path)
    assert data["submission"] == {"folder": "no/such/folder", "files": [], "ignored": []}
    assert (data["state"], data["complete"], data["score"]) == ("stopped", False, 0)


def test_what_to_review_is_said_only_where_the_student_lost_something() -> None:
    reviews = {}
    for outcome in Outcome:
        store = ResultStore(Context(), [LATER], ASSIGNMENT)
        store.add(case(LATER, outcome))
        reviews[outcome] = store.finish().questions[0].review
    silent = {outcome for outcome, review in reviews.items() if not review}
    assert silent == {Outcome.PASSED, Outcome.GRADER_ERROR, Outcome.NOT_RUN}


def test_a_question_that_the_table_names_and_the_assignment_does_not() -> None:
    stray = msgspec.structs.replace(LATER, question="p1.stray", test="test_hidden.py::test_stray")
    result = ResultStore(Context(), [stray, *TABLE], ASSIGNMENT).finish()
    assert [question.id for question in result.questions] == ["p1.first", "p1.second", "p1.stray"]
    assert (result.questions[-1].title, result.questions[-1].review) == ("p1.stray", "")


# -- untrusted and hidden ------------------------------------------------------------------------------------

NASTY = "\x1b[2J\x1b]0;owned\x07[bold]</pre><script>\u202e\udcff\x00" + "A" * 100_000


def test_text_from_a_submission_comes_out_harmless_and_bounded(tmp_path: Path) -> None:
    path = tmp_path / "results.json"
    store = store_of(
        path,
        submission=Submission(
            Path("in\x1b[31m\udcff"),
            tmp_path,
            (SubmittedFile("flow.py", FileState.MISNAMED, NASTY),),
            (NASTY, "b\nc"),
        ),
    )
    mistake = Mistake(NASTY, NASTY)
    store.add(case(SHOWN, Outcome.FAILED, summary=NASTY, detail=NASTY, output=NASTY, mistake=mistake))
    store.problem(NASTY)
    store.finish()
    data = written(path)
    text = path.read_text(encoding="utf-8")
    assert not set(text) & set("\x1b\x07\x00\u202e\udcff")
    assert "\\u001b" not in text
    assert len(text) < 60_000
    assert data["submission"]["ignored"][1] == "b c"
    assert "\n" not in data["questions"][1]["message"]


@pytest.mark.parametrize("visibility", ["hidden", "after_due_date", "after_published"])
def test_nothing_of_a_hidden_test_but_its_safe_message_is_kept(tmp_path: Path, visibility: Any) -> None:
    path = tmp_path / "results.json"
    plan = msgspec.structs.replace(HIDDEN, visibility=visibility)
    store = ResultStore(Context(), [plan], ASSIGNMENT, path)
    store.add(case(plan, Outcome.FAILED, summary="differs", detail="expected 41.5", output="leaked 41.5"))
    store.finish()
    assert written(path)["questions"][0]["message"] == "differs"
    assert b"41.5" not in path.read_bytes()


@pytest.mark.parametrize("odd", [math.nan, math.inf, -math.inf, -1.0, 1e308])
def test_odd_numbers_do_not_reach_the_file(tmp_path: Path, odd: float) -> None:
    path = tmp_path / "results.json"
    store = store_of(path)
    store.add(case(SHOWN, Outcome.FAILED, share=odd, seconds=odd))
    store.leaderboard("accuracy", odd)
    store.finish()
    data = written(path)
    assert 0 <= data["score"] <= data["max_score"] == 100
    assert all(math.isfinite(entry["value"]) for entry in data["leaderboard"])


def test_a_bonus_stands_beside_the_score() -> None:
    fast = msgspec.structs.replace(LATER, test="test_gpu.py::test_fast", points=5, device="cuda")
    store = ResultStore(Context(device="cuda"), [*TABLE, fast], ASSIGNMENT)
    for plan in (*TABLE, fast):
        store.add(case(plan))
    result: Result = store.finish()
    assert (result.score, result.max_score, result.bonus) == (100, 100, 5)
    assert result.questions[0].bonus == 5

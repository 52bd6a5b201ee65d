"""What stands in results.json when something goes wrong around the grader: kills, disks, missing files."""

from __future__ import annotations

import json
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest
from gradescope.chroot import ROOT, Running
from gradescope.platform_files import ANSWER, METADATA, RUN_SECONDS, Platform, checked, ended

pytestmark = pytest.mark.timeout(RUN_SECONDS)

Graders = Callable[..., Platform]
REFERENCE = ROOT / "reference" / "p1"
UNFINISHED = "Grading has not come to an end"


def wait_until_half_way(running: Running) -> float:
    """Wait until some tests have been judged; every results.json on the way is valid. The score by then."""
    while not running.has_ended():
        content = running.read(ANSWER)
        if content is not None:
            answer = checked(content)
            judged = [test for test in answer["tests"] if "status" in test]
            if answer.get("extra_data") and len(judged) >= 5:
                return float(answer["score"])
        time.sleep(0.02)
    raise AssertionError(f"the run ended before it could be killed: {running.said()}")


@pytest.mark.parametrize(
    ("number", "says"),
    [
        (signal.SIGKILL, UNFINISHED),  # as for want of memory
        (signal.SIGINT, "Grading was stopped before its end."),  # as run_autograder's own time limit does it
        (signal.SIGTERM, "Grading was stopped before its end."),
    ],
)
def test_a_judge_that_is_killed_half_way(graders: Graders, number: signal.Signals, says: str) -> None:
    platform = graders("p1")
    platform.hand_in(REFERENCE)
    with platform.grading() as running:
        score = wait_until_half_way(running)
        judge = running.judge()
        assert judge is not None
        judge.send_signal(number)
        graded = ended(running)
    assert graded.done.status == 0
    assert graded.done.left == [], "a worker lives on"
    assert graded.answer is not None
    assert graded.answer["extra_data"]["complete"] is False
    assert says in graded.answer["output"]
    assert score <= graded.score < 100


def test_a_full_disk_from_the_start(graders: Graders) -> None:
    """A disk for the results that holds the fallback, and none for the grader's own folder."""
    platform = graders("p1")
    platform.hand_in(REFERENCE)
    with platform.grading(disks={"/autograder/results": "size=8k", "/tmp": "size=4k"}) as running:
        graded = ended(running)
    assert graded.answer is not None
    assert graded.answer["score"] == 0
    assert graded.done.left == []
    assert "No space left" in graded.done.said


def test_results_that_outgrow_the_disk(graders: Graders) -> None:
    """An untouched starter gets a long answer. What was written before stays, and says it is not final."""
    platform = graders("p1")
    platform.hand_in(ROOT / "starter" / "p1")
    with platform.grading(disks={"/autograder/results": "size=8k"}) as running:
        graded = ended(running)
    assert graded.answer is not None
    assert graded.answer["score"] == 0
    assert UNFINISHED in graded.answer["output"]
    assert graded.answer["extra_data"]["complete"] is False
    assert graded.done.left == []


def test_results_that_cannot_be_written(graders: Graders) -> None:
    platform = graders("p1")
    platform.hand_in(REFERENCE)
    with platform.grading(disks={"/autograder/results": "ro"}) as running:
        graded = ended(running)
    assert graded.answer is None
    assert f"{ANSWER} cannot be written" in graded.done.said
    assert graded.done.left == []


def test_no_submission_folder(graders: Graders) -> None:
    graded = graders("p1").grade(None)
    assert graded.answer is not None
    assert graded.score == 0
    assert "there is no folder or zip /autograder/submission" in graded.answer["output"]


def test_an_empty_submission(graders: Graders, tmp_path: Path) -> None:
    graded = graders("p1").grade(tmp_path)
    assert graded.answer is not None
    assert graded.score == 0
    assert "gradient_flow.py" in graded.output


@pytest.mark.parametrize(
    "metadata",
    [
        None,
        "",
        "{",
        "[]",
        '{"created_at": 5}',
        json.dumps({**METADATA, "users": None, "previous_submissions": {}}),
    ],
)
def test_metadata_that_cannot_be_read_cost_nothing(graders: Graders, metadata: str | None) -> None:
    """An assignment without rules about uploads does not need them."""
    graded = graders("p1").grade(REFERENCE, metadata)
    assert graded.score == 100

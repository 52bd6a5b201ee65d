"""The table at the end of a run, as text: what it says, and what a student's text cannot do to it."""

from __future__ import annotations

import io
import os
import pty
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader.config import Assignment, Question
from grader.faults import Outcome
from grader.points import PlannedTest
from grader.results import terminal
from grader.results.model import Context
from grader.results.store import ResultStore
from grader.scoring import CaseResult, Mistake
from grader.seeds import PUBLIC_DEFAULT

ASSIGNMENT = Assignment(
    id="p1",
    folder=Path("p1"),
    title="Warm-up [easy]",
    files=["flow.py"],
    questions={
        "p1.forward": Question(title="Forward pass", file="flow.py", minutes=5, review="Reread section 1."),
        "p1.batch": Question(title="Batch", file="flow.py", minutes=5, review="Reread section 2."),
    },
)
FORWARD = PlannedTest(question="p1.forward", test="test_hidden.py::test_a", title="A", points=40)
BATCH = PlannedTest(question="p1.batch", test="test_hidden.py::test_b", title="B", points=60)
GPU = PlannedTest(question="p1.batch", test="test_gpu.py::test_c", title="C", points=5, device="cuda")


TABLE = """\
p1: Warm-up [easy]

  Question                    Points   What went wrong                 Review
 ────────────────────────────────────────────────────────────────────────────────────────
  p1.forward Forward pass    40 / 40
  p1.batch Batch              0 / 60   195 of 200 cases differ         Reread section 2.
                                       sum_for_mean: The gradients
                                       are summed. Look at the loss.

  Total                     40 / 100

Isolation: process (session, rlimits)
Seed: course secret
"""


def case(plan: PlannedTest, outcome: Outcome = Outcome.PASSED, **more: Any) -> CaseResult:
    return CaseResult(plan.question, plan.test, plan.test, outcome, **more)


def store_of(*cases: CaseResult, table: list[PlannedTest] | None = None, **context: Any) -> ResultStore:
    store = ResultStore(Context(**context), table or [FORWARD, BATCH], ASSIGNMENT)
    for each in cases:
        store.add(each)
    return store


def text_of(store: ResultStore, state: Any = "finished", **options: Any) -> str:
    return terminal.render(store.finish(state), **options)


def flat(text: str) -> str:
    return " ".join(text.split())


def test_the_table_of_a_run() -> None:
    mistake = Mistake("sum_for_mean", "The gradients are summed.\nLook at the loss.")
    store = store_of(
        case(FORWARD),
        case(BATCH, Outcome.FAILED, summary="195 of 200 cases differ", mistake=mistake),
        isolation="process",
        layers=["session", "rlimits"],
        seed=5,
        seed_source="course secret",
    )
    assert text_of(store, width=90) == TABLE


def test_the_seed_itself_is_not_shown() -> None:
    assert "987654321" not in text_of(store_of(seed=987654321, seed_source="given"))


def test_the_public_default_is_said_to_be_one() -> None:
    assert "Seed: public default, which anybody can predict" in text_of(store_of(seed_source=PUBLIC_DEFAULT))


def test_without_isolation_or_seed_there_is_nothing_about_them() -> None:
    text = text_of(store_of(case(FORWARD), case(BATCH)))
    assert "Isolation" not in text
    assert "Seed" not in text
    assert "Not complete" not in text


def test_a_log_gets_no_escape_codes_whatever_the_environment_asks_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for name, value in {"FORCE_COLOR": "1", "COLORTERM": "truecolor", "TERM": "xterm-256color"}.items():
        monkeypatch.setenv(name, value)
    stream = io.StringIO()
    terminal.show(store_of(case(FORWARD, Outcome.FAILED)).finish(), stream)
    assert "p1.forward" in stream.getvalue()
    assert "\x1b" not in stream.getvalue()
    assert all(line == line.rstrip() for line in stream.getvalue().splitlines())


def test_a_terminal_gets_colours() -> None:
    ours, theirs = pty.openpty()
    try:
        with open(theirs, "w", encoding="utf-8", closefd=False) as stream:
            terminal.show(store_of(case(FORWARD)).finish(), stream)
        assert b"\x1b[32m" in os.read(ours, 65536)
    finally:
        os.close(ours)
        os.close(theirs)


def test_a_stream_that_knows_ascii_only_gets_ascii() -> None:
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    terminal.show(store_of(case(FORWARD, Outcome.FAILED, summary="ümläut")).finish(), stream)
    stream.flush()
    assert b"?ml?ut" in raw.getvalue()
    assert b"----" in raw.getvalue()


def test_a_students_text_is_neither_markup_nor_escape() -> None:
    store = store_of(
        case(FORWARD, Outcome.FAILED, summary="[red]x[/red] [/] :smile: \x1b[31m [link=http://y]z")
    )
    assert "[red]x[/red] [/] :smile: [link=http://y]z" in flat(text_of(store, width=200))


def test_an_incomplete_result_says_why() -> None:
    store = store_of(case(FORWARD, Outcome.GRADER_ERROR, summary="the reference raised"))
    text = text_of(store)
    assert (
        "Not complete: 1 of 2 tests could not be judged (an error of the grader); 1 of 2 tests were not run"
        in text
    )
    assert "could not be judged: the reference raised" in flat(text)


def test_a_result_is_incomplete_for_a_reason_that_no_test_shows() -> None:
    store = store_of(case(FORWARD), case(BATCH))
    store.problem("test_more.py cannot be imported", fault=True)
    text = text_of(store)
    assert "test_more.py cannot be imported\n" in text
    assert "Not complete: not every test was judged\n" in text


def test_a_stopped_run_says_so() -> None:
    assert "Stopped before the end.\n" in text_of(store_of(), "stopped")


def test_gpu_tests_that_did_not_run_are_mentioned_and_leave_it_complete() -> None:
    text = text_of(store_of(case(FORWARD), case(BATCH), table=[FORWARD, BATCH, GPU]))
    assert "GPU tests not run: 1; they are a bonus and need --device cuda\n" in text
    assert "Not complete" not in text


def test_a_bonus_is_shown_beside_the_points() -> None:
    store = store_of(case(FORWARD), case(BATCH), case(GPU), table=[FORWARD, BATCH, GPU], device="cuda")
    text = text_of(store)
    assert "60 / 60 + 5" in text
    assert "Bonus from GPU tests: 5\n" in text
    assert "GPU tests not run" not in text


def test_a_results_file_that_could_not_be_written_is_named() -> None:
    text = text_of(store_of(), unwritten={Path("/full/results.json"): "No space left on device"})
    assert "Results file /full/results.json is not up to date: No space left on device\n" in text


def test_points_are_written_short() -> None:
    third = msgspec.structs.replace(FORWARD, points=4.2)
    text = text_of(store_of(case(third, Outcome.FAILED, share=1 / 3), table=[third]))
    assert "1.4 / 4.2" in text


@pytest.mark.parametrize("width", [40, 80, 200])
def test_it_fits_the_terminal(width: int) -> None:
    store = store_of(case(FORWARD, Outcome.FAILED, summary="word " * 40 + "x" * 300))
    lines = text_of(store, width=width).splitlines()
    assert max(map(len, lines)) <= width

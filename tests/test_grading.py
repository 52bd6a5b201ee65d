"""Many gradings in one process: each leaves what a run of its own leaves, whatever was graded before it."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest
import staged
import support
from processes import gone

from grader.config import Course
from grader.connection import Plan, Worker
from grader.faults import Outcome
from grader.grading import Grading, GradingError, Request
from grader.results.model import Result

pytestmark = pytest.mark.timeout(300)

KILLS_ITSELF = "import os\n\n\ndef count(values: list[float], limit: float) -> int:\n    os._exit(7)\n"
RAISES = "def last(values: list[float]) -> float:\n    print('so far')\n    return values[len(values)]\n"
LOOPS = "def last(values: list[float]) -> float:\n    while True:\n        pass\n"
QUARTER = "def half(x: float) -> float:\n    return x / 4\n"
BREAKS = "import torch\n\nraise RuntimeError('broken')\n"
STUB = support.COURSE / "starter" / "q1"
SUBMISSIONS: dict[str, dict[str, str | bytes | None]] = {
    "right": {},
    "wrong": {"half.py": QUARTER},
    "crashing": {"last.py": RAISES, "double.py": BREAKS},
    "killing": {"count.py": KILLS_ITSELF},
    "looping": {"last.py": LOOPS},
    "unfinished": {name: (STUB / name).read_text() for name in support.FILES},
}
# One that is all of them, a file missing besides.
MIXED = {
    "half.py": QUARTER,
    "last.py": RAISES,
    "count.py": KILLS_ITSELF,
    "double.py": SUBMISSIONS["unfinished"]["double.py"],
    "step.py": None,
}


# For tests that are not about results; 14 points.
FEW = ("test_public.py::test_half_figures", "test_hidden.py::test_half_random")


@pytest.fixture(scope="module")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The course of six functions."""
    return support.copy_course(tmp_path_factory.mktemp("graded") / "course")


@pytest.fixture(scope="module")
def grading(course: Path) -> Iterator[Grading]:
    """One for most tests: whatever they grade, the next one must not notice."""
    with Grading(Course(course)) as one:
        yield one


def apart(
    course: Path, submission: Path, folder: Path, *arguments: object, status: int | None = None
) -> dict[str, Any]:
    """What a run of its own leaves."""
    done = support.grade(course, submission, *arguments, folder=folder)
    assert status is None or done.status == status, done.said
    assert done.results, done.said
    return untimed(done.results)


def here(grading: Grading, submission: Path, **request: Any) -> dict[str, Any]:
    """What the grading leaves."""
    result = grading.grade(Request("q1", submission, **request))
    return untimed(json.loads(msgspec.json.encode(result)))


def untimed(result: dict[str, Any]) -> dict[str, Any]:
    """A result without what the clock says."""
    for question in result["questions"]:
        for timed in (question, *question["tests"]):
            assert timed.pop("seconds") >= 0
            assert timed.pop("cpu_seconds") >= 0
    return result


def outcomes(result: dict[str, Any]) -> dict[str, str]:
    return {question["id"]: question["outcome"] for question in result["questions"]}


def test_the_result_is_that_of_a_run_of_its_own_twice_and_among_others(
    grading: Grading, course: Path, tmp_path: Path
) -> None:
    mixed = support.submit(tmp_path / "mixed", MIXED)
    right = support.submit(tmp_path / "right")
    expected = apart(course, mixed, tmp_path / "own")
    assert len(set(outcomes(expected).values())) >= 4  # or it would say little
    assert here(grading, mixed) == expected
    assert here(grading, mixed) == expected
    assert here(grading, right)["score"] == 100
    assert here(grading, mixed) == expected


@pytest.mark.slow
@pytest.mark.parametrize("isolation", ["sandbox", "strongest", "process"])
def test_each_kind_of_submission_has_its_own_runs_result(
    course: Path, tmp_path: Path, isolation: str
) -> None:
    """One after another, twice, at each isolation: they follow one that killed its worker, and themselves."""
    folders = {name: support.submit(tmp_path / name, files) for name, files in SUBMISSIONS.items()}
    expected = {
        name: apart(course, folder, tmp_path / "own" / name, "--isolation", isolation)
        for name, folder in folders.items()
    }
    assert {result["isolation"] for result in expected.values()} == {
        "process" if isolation == "process" else "sandbox"
    }
    with Grading(Course(course)) as grading:
        for name in [*folders, *folders]:
            assert here(grading, folders[name], isolation=isolation) == expected[name], name


@pytest.mark.slow
def test_isolations_may_alternate(course: Path, tmp_path: Path) -> None:
    right = support.submit(tmp_path / "right")
    with Grading(Course(course)) as grading:
        seen = [
            grading.grade(Request("q1", right, isolation=isolation)).isolation
            for isolation in ("process", "strongest", "process", None, "sandbox")
        ]
        left = os.listdir(grading.shared.folder)
    assert seen == ["process", "sandbox", "process", "sandbox", "sandbox"]
    assert len(left) <= 6


def test_a_request_says_seed_tests_and_where_to_stop(grading: Grading, tmp_path: Path) -> None:
    crashing = support.submit(tmp_path / "crashing", SUBMISSIONS["crashing"])
    request = Request("q1", crashing, seed=7, tests=("test_public.py::test_last_figures",))
    result = grading.grade(request)
    assert (result.seed, result.complete) == (7, False)
    run = [test for question in result.questions for test in question.tests if test.seconds > 0]
    assert [(test.name, test.outcome) for test in run] == [
        ("test_public.py::test_last_figures", Outcome.SUBMISSION_ERROR)
    ]
    assert "so far" in run[0].output
    every = grading.grade(Request("q1", crashing, seed=7))
    first = grading.grade(replace(request, tests=(), first_failure=True))

    def judged(result: Result) -> int:
        return sum(test.outcome is not Outcome.NOT_RUN for q in result.questions for test in q.tests)

    assert 1 <= judged(first) < judged(every)


def test_computing_time_is_the_submissions(grading: Grading, tmp_path: Path) -> None:
    """That of a test that passes and of one whose worker ended; the reference's is on no account."""
    burns = (
        "import os, time\n\n\n"
        "def half(x: float) -> float:\n"
        "    end = time.process_time() + 0.4\n"
        "    while time.process_time() < end:\n"
        "        pass\n"
        "    {}\n"
    )
    test = "test_public.py::test_half_figures"
    for last in ("return x / 2", "os._exit(1)"):
        folder = support.submit(tmp_path / last[:2], {"half.py": burns.format(last)})
        result = grading.grade(Request("q1", folder, tests=(test,)))
        (half,) = [question for question in result.questions if question.id == "q1.half"]
        (judged,) = [each for each in half.tests if each.name == test]
        assert 0.35 < judged.cpu_seconds < 1.3, last  # its start among it
        assert half.cpu_seconds == pytest.approx(judged.cpu_seconds)


def test_nobody_writes_down_how_the_judge_got_to_a_failure(
    grading: Grading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes longer than most tests, and no reader sees it; an error of the grader's is written down."""
    written = []
    monkeypatch.setattr(
        pytest.ExceptionInfo, "getrepr", lambda excinfo, **_: written.append(excinfo.typename)
    )
    folder = support.submit(tmp_path / "mixed", MIXED)
    assert {"failed", "submission_error"} <= set(outcomes(here(grading, folder)).values())
    assert written == []


def test_another_course_in_the_same_process_has_tests_of_its_own(tmp_path: Path) -> None:
    """Its modules have the same names. They begin anew in each run; and an error of the grader's is written
    down with its place in the test, for whoever has to mend it."""
    own = support.copy_course(tmp_path / "course")
    file = own / "assignments" / "q1" / "test_public.py"
    said, other = "    assert_close(student.half.half(7.0)", "    assert_close(student.last.last("
    text = file.read_text().replace("pytestmark =", "RUNS = []\npytestmark =")
    text = text.replace(said, f"    RUNS.append(1)\n    assert len(RUNS) == 1\n{said}")
    file.write_text(text.replace(other, f"    1 / 0\n{other}"))
    right = support.submit(tmp_path / "right")
    tests = ("test_public.py::test_half_figures", "test_public.py::test_last_figures")
    with Grading(Course(own)) as grading:
        for _ in range(2):
            result = grading.grade(Request("q1", right, tests=tests))
            judged = {test.name: test for question in result.questions for test in question.tests}
            assert judged[tests[0]].outcome is Outcome.PASSED
            assert judged[tests[1]].outcome is Outcome.GRADER_ERROR
            assert "ZeroDivisionError" in judged[tests[1]].detail
            assert "1 / 0" in judged[tests[1]].detail


def test_after_its_zygote_was_killed_the_next_grading_has_another(grading: Grading, tmp_path: Path) -> None:
    """And the decision on isolation is made again, for it rested on that zygote."""
    wrong = support.submit(tmp_path / "wrong", SUBMISSIONS["wrong"])
    before = here(grading, wrong, tests=FEW)
    first = grading.shared.current
    assert first is not None
    first.process.kill()
    assert gone([first.process.pid])
    assert here(grading, wrong, tests=FEW) == before
    second = grading.shared.current
    assert second is not None
    assert second is not first
    assert here(grading, wrong, tests=FEW) == before
    assert grading.shared.current is second


@pytest.mark.slow
def test_the_end_leaves_no_process_and_no_file(course: Path, tmp_path: Path) -> None:
    with Grading(Course(course)) as grading:
        grading.grade(Request("q1", support.submit(tmp_path / "looping", SUBMISSIONS["looping"])))
        zygote, folder = grading.shared.current, grading.shared.folder
        assert zygote is not None
        pids = [zygote.process.pid, *(child.pid for child in staged.below(zygote.process.pid))]
    assert gone(pids)
    assert not folder.exists()


@pytest.mark.slow
def test_a_zygote_killed_in_the_middle_costs_one_run_at_most(course: Path, tmp_path: Path) -> None:
    """It is put in its place once in a run, and the next run does not begin with one that was."""
    right = support.submit(tmp_path / "right")
    with Grading(Course(course)) as grading:
        grading.grade(Request("q1", right))
        zygote = grading.shared.current
        assert zygote is not None
        for _ in range(3):
            start, left = zygote.start, [2]

            def killing(
                plan: Plan, zygote: Any = zygote, left: list[int] = left, start: Any = start
            ) -> Worker:
                left[0] -= 1
                if left[0] == 0:
                    zygote.process.kill()
                    zygote.process.wait(60)
                return start(plan)

            zygote.start = killing  # type: ignore[method-assign]
            result = grading.grade(Request("q1", right))
            assert (result.score, result.complete) == (100, True)
            grading.grade(Request("q1", right, tests=("test_public.py::test_last_figures",)))
            assert grading.shared.current is not zygote
            zygote = grading.shared.current
            assert zygote is not None


def test_a_students_answers_are_never_remembered(grading: Grading, tmp_path: Path) -> None:
    """A submission that answers by turns is asked each time; the reference is not asked again."""
    right = support.submit(tmp_path / "right")
    started: list[Plan] = []
    grading.grade(Request("q1", right, seed=11, tests=FEW))
    zygote = grading.shared.current
    assert zygote is not None
    start = zygote.start

    def watched(plan: Plan) -> Worker:
        started.append(plan)
        return start(plan)

    hits = grading.shared.memory.hits
    zygote.start = watched  # type: ignore[method-assign]
    try:
        grading.grade(Request("q1", right, seed=11, tests=FEW))
    finally:
        zygote.start = start  # type: ignore[method-assign]
    assert grading.shared.memory.hits > hits
    assert len(started) == len(FEW)
    assert {plan.folder.name for plan in started} == {"submission"}


def test_a_run_without_a_result_is_an_error_with_its_last_words(grading: Grading, tmp_path: Path) -> None:
    right = support.submit(tmp_path / "right")
    with pytest.raises(GradingError, match=r"status 4 and no usable result") as caught:
        grading.grade(Request("q9", right))
    assert "assignments/q9" in str(caught.value).partition("\n")[2]
    assert grading.grade(Request("q1", right, tests=FEW)).score == 14


def test_a_submission_that_is_not_there_has_a_result_that_says_so(grading: Grading, tmp_path: Path) -> None:
    result = grading.grade(Request("q1", tmp_path / "nobody"))
    assert (result.complete, result.score, result.state) == (False, 0, "stopped")
    assert any("nobody" in problem for problem in result.problems)


def test_an_interrupted_run_is_no_result(
    grading: Grading, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """pytest ends in good order by Ctrl-C, with a result of some of the tests."""
    right = support.submit(tmp_path / "right")

    def interrupt(*_: object) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("grader.judging.Judge.fixture_subject", interrupt)
        with pytest.raises(KeyboardInterrupt):
            grading.grade(Request("q1", right, tests=FEW))
    assert grading.grade(Request("q1", right, tests=FEW)).score == 14


@pytest.fixture
def reachable() -> Iterator[Path]:
    """A folder that other users can get at, which pytest's own is not."""
    folder = Path(tempfile.mkdtemp(prefix="graded-"))
    yield folder
    shutil.rmtree(folder)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stage", "asked", "expected"),
    [
        ("container", "", "sandbox"),
        ("user", "", "sandbox"),
        ("user without namespaces", "strongest", "process"),
        ("user without namespaces", "", "refused"),
    ],
)
def test_on_other_machines(reachable: Path, stage: str, asked: str, expected: str) -> None:
    """What a run of its own is offered is offered here too, and a sandbox that was refused stays refused."""
    support.copy_course(reachable / "course")
    support.submit(reachable / "right")
    temporary = reachable / "tmp"
    temporary.mkdir()
    staged.give(reachable, stage)
    done = staged.run(
        stage,
        "-c",
        IN_A_STAGE,
        reachable / "course",
        reachable / "right",
        asked,
        cwd=reachable,
        environment={"TMPDIR": str(temporary)},
    )
    assert done.returncode == 0, done.stderr
    first, second = (json.loads(line) for line in done.stdout.splitlines())
    assert first == second
    if expected == "refused":
        assert first["complete"] is False
        assert all("hidden tests are not run here" in test for test in first["said"])
    else:
        assert (first["isolation"], first["score"], first["complete"]) == (expected, 100, True)
    assert os.listdir(temporary) == []


IN_A_STAGE = """
import json, sys
from pathlib import Path
from grader.config import Course
from grader.grading import Grading, Request

course, submission, asked = sys.argv[1:]
with Grading(Course(Path(course))) as grading:
    for _ in range(2):
        result = grading.grade(Request("q1", Path(submission), isolation=asked or None))
        said = [test.message for question in result.questions for test in question.tests]
        told = {"isolation": result.isolation, "score": result.score, "complete": result.complete}
        print(json.dumps({**told, "said": said}))
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_memory_stays_flat_over_forty_gradings(course: Path, tmp_path: Path) -> None:
    """Of right and of crashing submissions, every one with another seed: nothing of the judge's is left.

    The first ten fill what is filled once; what thirty more add is 8 MiB at most, answers remembered among
    them.
    """
    support.submit(tmp_path / "right")
    support.submit(tmp_path / "mixed", MIXED)
    tests = [f"test_hidden.py::test_{name}_random" for name in ("half", "count", "last")]
    done = subprocess.run(
        [sys.executable, "-c", FORTY, str(course), str(tmp_path), *tests],
        cwd=tmp_path,
        env=support.environment(tmp_path),
        capture_output=True,
        encoding="utf-8",
        timeout=590,
    )
    assert done.returncode == 0, done.stderr
    after = [int(line) / 2**20 for line in done.stdout.splitlines()]
    assert len(after) == 40
    assert after[-1] - after[9] < 8, after


FORTY = """
import sys
from pathlib import Path
import psutil
from grader.config import Course
from grader.grading import Grading, Request

course, folder = map(Path, sys.argv[1:3])
tests = sys.argv[3:]
with Grading(Course(course)) as grading:
    for number in range(40):
        submission = folder / ("right", "mixed")[number % 2]
        result = grading.grade(Request("q1", submission, seed=number, tests=tuple(tests)))
        assert result.state == "finished", result.problems
        print(psutil.Process().memory_info().rss)
"""

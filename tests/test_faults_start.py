"""A run that cannot begin says why in its results files, in place of what an earlier run left there."""

from __future__ import annotations

from pathlib import Path

import faults
import pytest
import support

pytestmark = pytest.mark.timeout(300)

OLD = "an earlier run's result"


@pytest.fixture
def home(tmp_path: Path) -> Path:
    """A course, and the results of an earlier run."""
    faults.course(tmp_path / "course")
    for name in ("results.json", "gradescope.json"):
        (tmp_path / name).write_text(OLD, encoding="utf-8")
    return tmp_path


def refused(run: support.Graded, status: int, words: str) -> None:
    """The run never began, and both files say why."""
    assert run.status == status, run.said
    assert words in faults.problems(run)
    assert words in run.gradescope["output"]
    assert (run.results["state"], run.results["complete"], run.results["score"]) == ("stopped", False, 0)
    assert "Traceback" not in run.err
    assert support.litter(run.own) == []
    assert support.left_behind(run.own) == []


NOT_TOML = {"assignment.toml": "title = \n", "points.toml": "[[tests]]\n="}


@pytest.mark.parametrize("name", NOT_TOML)
def test_a_broken_file_of_the_assignment(home: Path, name: str) -> None:
    (home / "course/assignments/q1" / name).write_text(NOT_TOML[name], encoding="utf-8")
    refused(faults.grade(home), support.USAGE, f"{name}: not TOML")


def test_an_unknown_key_of_the_assignment(home: Path) -> None:
    path = home / "course/assignments/q1/assignment.toml"
    path.write_text("titel = 1\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    refused(faults.grade(home), support.USAGE, "titel")


def test_a_course_secret_that_is_not_there(home: Path) -> None:
    run = faults.grade(home, extra={"GRADER_SECRET_FILE": str(home / "no such file")})
    refused(run, support.USAGE, "No such file")


@pytest.mark.parametrize("nodes", [(), ("-n", 1)], ids=["alone", "nodes"])
def test_a_given_file_that_is_missing_is_the_graders_error(home: Path, nodes: tuple[object, ...]) -> None:
    (home / "course/reference/q1/given.py").unlink()
    run = faults.grade(home, *nodes)
    refused(run, support.GRADER_ERROR, "given.py cannot be read")
    assert faults.outcomes(run.results) == faults.NOT_RUN
    assert run.results["max_score"] == 100


def test_no_room_for_a_copy_of_the_submission(home: Path) -> None:
    large = faults.submission(home / "large", more="#" * 100_000)
    with faults.small_disk(home / "disk", 64 << 10) as wrap:
        run = faults.grade(home, submission=large, extra={"TMPDIR": str(home / "disk")}, wrap=wrap)
        assert list((home / "disk").iterdir()) == []
    refused(run, support.GRADER_ERROR, "the submission cannot be copied")


# -- the machine gives no process, or our own code fails between two tests

NO_PROCESS = """
import types, subprocess
import grader.forked
def none(*arguments, **more):
    raise BlockingIOError(11, "Resource temporarily unavailable")
grader.forked.subprocess = types.SimpleNamespace(**{**vars(subprocess), "Popen": none})
"""
BETWEEN = """
def pytest_runtest_logfinish(nodeid):
    raise KeyError("what only the log may say")
"""


def test_a_machine_that_starts_no_process_is_the_graders_error(tmp_path: Path) -> None:
    run = faults.grade(tmp_path, plugin=NO_PROCESS)
    assert run.status == support.GRADER_ERROR
    assert "the grader broke off (BlockingIOError)" in faults.problems(run)
    assert (run.results["state"], run.results["complete"]) == ("stopped", False)
    assert faults.outcomes(run.results) == faults.NOT_RUN
    assert support.litter(run.own) == []


@pytest.mark.parametrize("nodes", [(), ("-n", 1)], ids=["alone", "nodes"])
def test_an_error_of_ours_between_two_tests(tmp_path: Path, nodes: tuple[object, ...]) -> None:
    run = faults.grade(tmp_path, *nodes, plugin=BETWEEN)
    assert run.status == support.GRADER_ERROR
    assert "the grader broke off" in faults.problems(run)
    assert "only the log" not in str(run.results) + str(run.gradescope)
    assert "only the log" in run.said
    assert (run.results["state"], run.results["complete"]) == ("stopped", False)
    assert support.left_behind(run.own) == []


def test_a_test_file_that_skips_itself_is_the_graders_error(tmp_path: Path) -> None:
    path = faults.course(tmp_path / "course") / "assignments/q1/test_hidden.py"
    text = path.read_text(encoding="utf-8")
    path.write_text(f"import pytest\npytest.skip('later', allow_module_level=True)\n{text}", encoding="utf-8")
    run = faults.grade(tmp_path)
    assert run.status == support.GRADER_ERROR
    assert "test_hidden.py skips itself" in faults.problems(run)
    assert run.results["max_score"] == 100
    assert not run.results["complete"]

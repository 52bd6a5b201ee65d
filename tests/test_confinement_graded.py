"""Whole gradings where graders run: what can keep a submission apart does, the rest says so, idle."""

from __future__ import annotations

import json
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
import staged

from grader.worker import sandbox

pytestmark = pytest.mark.timeout(600)

STRONG = ("root", "root without CAP_SYS_ADMIN", "container", "user", "user on an old kernel")
WEAK = ("container with a closed home", "container on an old kernel", "user without namespaces")
PASSED, FAILED, GRADER_ERROR = 0, 1, 3
NEEDED = {
    "container with a closed home": "no namespaces (",
    "container on an old kernel": "a worker can open ",
    "user without namespaces": "no namespaces (",
}
# Says that it was run at all, wherever it may write, and what it was shown of the grader's.
MARKS = """
import os
def _tried(path, flags):
    try:
        os.close(os.open(path, flags))
    except OSError:
        return False
    return True
for folder in ("/tmp", "/dev/shm", {folder!r}):
    _tried(folder + "/ran-" + {name!r}, os.O_WRONLY | os.O_CREAT)
print("reached:", [path for path in {paths!r} if _tried(path, os.O_RDONLY)])
"""


@dataclass(frozen=True)
class Graded:
    """What one run said and left."""

    status: int
    said: str
    results: dict[str, Any]

    @property
    def layers(self) -> set[str]:
        return set(self.results["layers"]) - {"cgroup"}


@dataclass(frozen=True)
class Course:
    """A copy of the small course that the stage's user may use, and a submission of right answers."""

    stage: str
    folder: Path

    @property
    def marks(self) -> list[Path]:
        """Where submitted code has left that it was run."""
        folders = (self.folder, Path("/tmp"), Path("/dev/shm"))
        return [folder / f"ran-{self.folder.name}" for folder in folders]

    def grade(self, *arguments: object, tests: str = "") -> Graded:
        results = self.folder / "results.json"
        target = self.folder / "course/assignments/q1" / tests
        plugins = ("-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:hypothesispytest")
        done: subprocess.CompletedProcess[str] = staged.run(
            self.stage,
            "-m",
            "pytest",
            *plugins,
            target,
            f"--submission={self.folder}/handed",
            f"--results={results}",
            *arguments,
            cwd=self.folder,
            environment={"TMPDIR": str(self.folder / "tmp")},
        )
        found = json.loads(results.read_text(encoding="utf-8"))
        return Graded(done.returncode, done.stdout + done.stderr, found)


@pytest.fixture
def course(request: pytest.FixtureRequest) -> Iterator[Course]:
    """The course in the stage that the test is parametrized with, where other users can get at it."""
    stage = request.getfixturevalue("stage")
    made = Path(tempfile.mkdtemp(prefix="course-"))
    shutil.copytree(staged.TESTS / "small_course", made / "course")
    shutil.copy(staged.TESTS.parent / "pyproject.toml", made / "course")
    (made / "handed").mkdir()
    (made / "tmp").mkdir()
    secrets = [str(made / "course" / path) for path in ("assignments/q1/test_hidden.py", "reference/q1")]
    text = (made / "course/reference/q1/halves.py").read_text(encoding="utf-8")
    marks = MARKS.format(folder=str(made), name=made.name, paths=secrets)
    (made / "handed/halves.py").write_text(f"{text}\n{marks}", encoding="utf-8")
    staged.give(made, stage)
    found = Course(stage, made)
    yield found
    for mark in found.marks:
        mark.unlink(missing_ok=True)
    shutil.rmtree(made)


@pytest.mark.parametrize("stage", staged.stages(("container", "user"), STRONG))
def test_hidden_tests_are_run_in_the_sandbox_where_there_is_one(stage: str, course: Course) -> None:
    graded = course.grade()
    assert graded.status == PASSED, graded.said
    assert graded.results["score"] == 100
    assert graded.results["isolation"] == "sandbox"
    always = {layer.name for layer in sandbox.LAYERS if layer.where != "offered"}
    assert graded.layers > always
    assert {"namespaces", "own-root"} <= graded.layers or {"uid", "seccomp"} <= graded.layers
    assert "Isolation: sandbox (" in graded.said
    shown = json.dumps(graded.results)
    assert "reached: []" in shown
    assert not [mark for mark in course.marks if mark.exists()]


@pytest.mark.parametrize("stage", staged.stages(("user without namespaces",), WEAK))
def test_where_there_is_none_hidden_tests_are_refused_and_nothing_submitted_runs(
    stage: str, course: Course
) -> None:
    graded = course.grade()
    assert graded.status == GRADER_ERROR, graded.said
    assert "could not be judged" in graded.said
    assert graded.results["complete"] is False
    assert graded.results["score"] == 0
    tests = [test for question in graded.results["questions"] for test in question["tests"]]
    assert tests
    for test in tests:
        assert test["outcome"] == "grader_error"
        assert NEEDED[stage] in test["message"]
        assert "`--isolation process`" in test["message"]
    assert "reached:" not in json.dumps(graded.results)
    assert not [mark for mark in course.marks if mark.exists()]
    # Asked for less, it grades, and says what it was.
    graded = course.grade("--isolation", "process")
    assert graded.status == PASSED, graded.said
    assert (graded.results["score"], graded.results["isolation"]) == (100, "process")
    assert "landlock" not in graded.layers
    assert "Isolation: process (" in graded.said
    assert (course.folder / course.marks[0].name).exists()  # so the marks would have shown above


@pytest.mark.parametrize("stage", staged.stages((), WEAK))
def test_public_tests_are_never_refused(stage: str, course: Course) -> None:
    graded = course.grade(tests="test_public.py")
    assert graded.status in (PASSED, GRADER_ERROR), graded.said
    tests = [test for question in graded.results["questions"] for test in question["tests"]]
    public = [test for test in tests if "test_public" in test["name"]]
    assert {test["outcome"] for test in public} == {"passed"}
    assert graded.results["isolation"] == "process"


@pytest.mark.slow
@pytest.mark.parametrize("stage", [*STRONG, *WEAK])
def test_the_strongest_there_is_can_be_asked_for(stage: str, course: Course) -> None:
    graded = course.grade("--isolation", "strongest")
    assert graded.status == PASSED, graded.said
    level = "sandbox" if stage in STRONG else "process"
    assert (graded.results["score"], graded.results["isolation"]) == (100, level)
    assert f"Isolation: {level} (" in graded.said


@pytest.mark.slow
@pytest.mark.parametrize("stage", STRONG)
def test_a_question_by_hand_of_a_real_assignment(stage: str, course: Course) -> None:
    root = staged.TESTS.parent
    handed = Path(shutil.copytree(root / "reference/p1", course.folder / "p1"))
    results = course.folder / "results.json"
    line = ("-m", "pytest", "-p", "no:cacheprovider", root / "assignments/p1", "-k", "backward")
    done = staged.run(
        stage,
        *line,
        f"--submission={handed}",
        f"--results={results}",
        cwd=course.folder,
        environment={"TMPDIR": str(course.folder / "tmp")},
    )
    found = json.loads(results.read_text(encoding="utf-8"))
    tests = [test for question in found["questions"] for test in question["tests"]]
    outcomes = {test["outcome"] for test in tests if "backward" in test["name"]}
    assert outcomes == {"passed"}, done.stdout + done.stderr
    assert found["isolation"] == "sandbox"

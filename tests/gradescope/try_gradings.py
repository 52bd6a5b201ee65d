"""A table of submissions through run_autograder: what each gets, what a student reads, what is left."""

from __future__ import annotations

import io
import json
import os
import re
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import notebook_files
import pytest
from gradescope.chroot import CONTAINER, EVERYTHING, ROOT
from gradescope.platform_files import RUN_SECONDS, Graded, Platform, ended
from gradescope.submissions import FAILS, LOOPS, TELLS, attack, files, planted, written

from grader.config import Course

pytestmark = pytest.mark.timeout(RUN_SECONDS)

SHARED = ("/tmp", "/var/tmp", "/dev/shm")

Graders = Callable[..., Platform]
Developed = Callable[[str, Path], dict[str, float]]


@pytest.fixture(scope="session")
def developed(secret: Path, tmp_path_factory: pytest.TempPathFactory) -> Developed:
    """Grades with pytest in the repository and the same course secret: points by question."""

    def grade(assignment: str, submission: Path) -> dict[str, float]:
        results = tmp_path_factory.mktemp("developed") / "results.json"
        line = [sys.executable, "-m", "pytest", f"assignments/{assignment}", "-q", "-p", "no:cacheprovider"]
        line += [f"--submission={submission}", f"--results={results}"]
        environment = {**os.environ, "GRADER_SECRET_FILE": str(secret)}
        done = subprocess.run(
            line, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=RUN_SECONDS
        )
        assert done.returncode in (0, 1), done.stdout + done.stderr
        found = json.loads(results.read_bytes())
        return {question["id"]: round(question["points"], 6) for question in found["questions"]}

    return grade


def broken(what: str) -> dict[str, str]:
    return {**files("reference", "p1"), "gradient_flow.py": what}


SUBMISSIONS = {
    "reference": ("p1", files("reference", "p1")),
    "starter": ("p1", files("starter", "p1")),
    "one file of two": ("p1", files("reference", "p1", ("gradient_flow.py",))),
    "the other file of two": ("p1", files("reference", "p1", ("optimizer_choice.py",))),
    "known mistake": ("p1", planted("p1", "no_relu_mask")),
    "crashes when imported": ("p1", broken("raise RuntimeError('at import')\n")),
    "notebook, reference": ("p1", {"p1.ipynb": notebook_files.filled(Course(ROOT), "p1")}),
    "notebook, starter": ("p1", {"homework.ipynb": notebook_files.untouched(Course(ROOT), "p1")}),
    "does not parse": ("p1", broken("def forward(:\n")),
    "p5, reference": ("p5", files("reference", "p5")),
    "p5, starter": ("p5", files("starter", "p5")),
    "p5, one file of two": ("p5", files("reference", "p5", ("debugging.py",))),
    "p5, known mistake": ("p5", planted("p5", "scheduler_per_batch")),
}


def nothing_left(graded: Graded) -> None:
    """No process, no file, and no word of an unfinished run."""
    assert graded.done.left == []
    assert graded.answer is not None
    assert graded.answer["extra_data"]["state"] == "finished", graded.answer["output"]
    assert graded.answer["extra_data"]["complete"] is True, graded.answer["output"]


@pytest.mark.parametrize("name", SUBMISSIONS)
def test_points_are_those_of_pytest(
    graders: Graders, developed: Developed, tmp_path: Path, name: str
) -> None:
    assignment, content = SUBMISSIONS[name]
    submission = written(tmp_path / "submission", content)
    graded = graders(assignment).grade(submission)
    nothing_left(graded)
    assert graded.points == developed(assignment, submission)
    assert graded.score == pytest.approx(sum(graded.points.values()))
    if "reference" in name:
        assert graded.score == 100
    if "starter" in name:
        assert graded.score == 0
    if name == "the other file of two":
        assert graded.score == 36


def test_isolation_rests_on_another_user_landlock_and_seccomp(graders: Graders) -> None:
    graded = graders("p1").grade(ROOT / "reference" / "p1", stage=CONTAINER)
    isolation = re.search(r"^Isolation: (\w+) \(([^)]*)\)", graded.done.said, re.MULTILINE)
    assert isolation, graded.done.said
    layers = re.split(r",\s+", isolation[2])
    assert isolation[1] == "sandbox"
    assert {"uid", "landlock", "seccomp", "no-capabilities"} <= set(layers)
    assert "namespaces" not in layers


def test_with_all_rights_the_points_are_the_same(graders: Graders) -> None:
    graded = graders("p1").grade(ROOT / "reference" / "p1", stage=EVERYTHING)
    nothing_left(graded)
    assert graded.score == 100
    assert "namespaces" in graded.done.said


def test_an_endless_loop_costs_its_question(graders: Graders, tmp_path: Path) -> None:
    content = files("reference", "p1")
    content["gradient_flow.py"] += LOOPS
    graded = graders("p1").grade(written(tmp_path / "submission", content))
    nothing_left(graded)
    assert {question for question, points in graded.points.items() if points == 0} == {"p1.zero_cause"}
    assert graded.score == 90
    assert "stopped in zero_causes after" in graded.output, graded.output


def test_an_endless_import_costs_its_file(graders: Graders, tmp_path: Path) -> None:
    """It is waited for once; else the time limit would end the run before the other file's tests."""
    content = broken("while True:\n    pass\n")
    graded = graders("p1").grade(written(tmp_path / "submission", content))
    nothing_left(graded)
    assert graded.score == 36
    assert "stopped in the import of gradient_flow.py" in graded.output, graded.output
    assert "computing time in an earlier test" in graded.output


@pytest.mark.parametrize("stage", [CONTAINER, EVERYTHING])
def test_a_submission_is_nobody_and_opens_nothing(graders: Graders, tmp_path: Path, stage: str) -> None:
    content = files("reference", "p1")
    content["gradient_flow.py"] += FAILS + TELLS
    platform = graders("p1")
    platform.hand_in(written(tmp_path / "submission", content))
    with platform.grading(stage=stage) as running:
        graded = ended(running)
        left = [folder for folder in SHARED if running.read(f"{folder}/told") is not None]
    nothing_left(graded)
    assert left == []
    told = set(re.findall(r"^ *\| told: (.*)$", graded.output, re.MULTILINE))
    users = [line.split() for line in told if line.startswith("uid ")]
    assert users, graded.output
    assert all("0" not in words and words[-2:] == ["groups", "[]"] for words in users)
    # Folders that everybody may write to are cleared behind it, or are memory of its own.
    kept = {line for line in told if not line.startswith("uid ")} - {f"wrote {folder}" for folder in SHARED}
    assert kept == set()


# What a row prints where its attack has failed.
ATTACKS = {
    "walks_for_tests": "attack: hidden files seen: 0 readable: 0",
    "results_looked_for": "attack: results seen: 0",
    "files_of_others": "attack: files of others: 0",
    "results_overwritten": "attack: results written over: none to be seen",
    "child_that_survives": "attack: left children behind",
    "report_imitated": "attack: imitates the report",
}


@pytest.mark.parametrize("row", ATTACKS)
def test_attacks_win_nothing_and_leave_nothing(graders: Graders, tmp_path: Path, row: str) -> None:
    platform = graders("p1")
    before = sorted(platform.chroot.path("/tmp").iterdir())
    graded = platform.grade(written(tmp_path / "submission", attack(row)))
    nothing_left(graded)
    assert graded.score == 0
    assert f"| {ATTACKS[row]}" in graded.output, graded.output
    assert sorted(platform.chroot.path("/tmp").iterdir()) == before


def zipped(content: dict[str, str]) -> bytes:
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as archive:
        for name, text in content.items():
            archive.writestr(name, text)
    return packed.getvalue()


REFERENCE = files("reference", "p1")
LAID_OUT = {
    "in a folder of the assignment's name": {f"p1/{name}": text for name, text in REFERENCE.items()},
    "in a folder of any name": {f"my homework/{name}": text for name, text in REFERENCE.items()},
    "two folders down, with what a Mac leaves": {
        **{f"my homework/p1/{name}": text for name, text in REFERENCE.items()},
        "__MACOSX/._my homework": "x",
        "my homework/.DS_Store": "x",
        "my homework/p1/__pycache__/gradient_flow.cpython-311.pyc": b"x",
    },
}


@pytest.mark.parametrize("layout", LAID_OUT)
def test_files_are_found_where_students_put_them(graders: Graders, tmp_path: Path, layout: str) -> None:
    graded = graders("p1").grade(written(tmp_path / "submission", LAID_OUT[layout]))
    nothing_left(graded)
    assert graded.score == 100, graded.output


def test_a_zip_inside_the_upload_is_named(graders: Graders, tmp_path: Path) -> None:
    graded = graders("p1").grade(written(tmp_path / "submission", {"p1.zip": zipped(REFERENCE)}))
    nothing_left(graded)
    assert graded.score == 0
    assert "'p1.zip' is not looked into: hand in what is in it" in graded.answer["output"]

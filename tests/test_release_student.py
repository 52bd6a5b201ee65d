"""The student release runs the public tests and holds nothing that gives an answer away."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

from grader.cells import read
from grader.config import Course, load_assignment
from grader.faults import GraderFault
from grader.gate_file import GateRecord, WrongSolution, load_gates, write_gates
from grader.points import is_public
from grader.release.blocks import solution_blocks
from grader.release.student import LeakError, build_student, uses_gate

HERE = Course(Path(__file__).parents[1])

# A line of this many characters, if it is code, is worth looking for in everything that is handed out.
LONG = 60


@pytest.fixture
def unpacked(small_course, tmp_path):
    built = build_student(small_course, [], tmp_path / "out")
    with zipfile.ZipFile(built.archive) as archive:
        archive.extractall(tmp_path / "home")
    return tmp_path / "home" / "student"


def test_the_release_holds_what_students_need(unpacked):
    names = {path.relative_to(unpacked).as_posix() for path in unpacked.rglob("*") if path.is_file()}
    own = {name for name in names if not name.startswith("grader/")}
    assert own == {
        "LICENSE",
        "README.md",
        "RELEASE",
        "assignments/q1/README.md",
        "assignments/q1/assignment.toml",
        "assignments/q1/bench_public.py",
        "assignments/q1/points.toml",
        "assignments/q1/test_public.py",
        "constraints.txt",
        "pyproject.toml",
        "requirements.txt",
        "starter/q1/answers.md",
        "starter/q1/given.py",
        "starter/q1/halves.py",
        "starter/q1/q1.ipynb",
    }
    assert "grader/plugin.py" in names
    assert not [name for name in names if "__pycache__" in name or name.endswith(".pyc")]
    table = (unpacked / "assignments/q1/points.toml").read_text()
    assert "test_half_repeated" in table
    assert "test_half_of_random_numbers" not in table
    assert "one of two equal parts" not in (unpacked / "starter/q1/answers.md").read_text()
    page = (unpacked / "README.md").read_text()
    assert "| 15 min | 50 of 100 |" in page
    assert "pytest assignments/q1" in page
    assert "Hidden tests are graded on upload" in page


@pytest.mark.timeout(240)
@pytest.mark.parametrize(
    "launcher",
    [pytest.param([], id="as here"), pytest.param(["--launcher", "fresh"], id="as on macOS and Windows")],
)
def test_the_public_tests_run_there_with_the_engine_that_it_carries(unpacked, small_course, launcher):
    for file in ("halves.py", "given.py"):
        unpacked.joinpath("starter", "q1", file).write_text(
            (small_course.root / "reference" / "q1" / file).read_text()
        )
    result = unpacked / "result.json"
    # The engine of the release, not the one installed here: what a student's `pip install -e .` would give.
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "assignments/q1", "-q", "--results", str(result), *launcher],
        cwd=unpacked,
        env={**os.environ, "PYTHONPATH": str(unpacked), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
        timeout=200,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    said = json.loads(result.read_text())
    assert (said["score"], said["max_score"], said["complete"]) == (50, 50, True)
    assert said["hidden_points"] == 50
    assert "hidden tests bring the other 50 points, and are graded on upload" in done.stdout
    assert (
        str(unpacked)
        in subprocess.run(
            [sys.executable, "-c", "import grader; print(grader.__file__)"],
            cwd=unpacked,
            env={**os.environ, "PYTHONPATH": str(unpacked)},
            capture_output=True,
            text=True,
            timeout=60,
        ).stdout
    )


def test_the_same_course_gives_the_same_bytes(small_course, tmp_path):
    first = build_student(small_course, ["q1"], tmp_path / "a")
    os.utime(small_course.root / "assignments" / "q1" / "test_public.py", (0, 0))
    second = build_student(small_course, ["q1"], tmp_path / "b")
    assert first.archive.name == "student-q1.zip"
    assert first.archive.read_bytes() == second.archive.read_bytes()


def test_a_release_is_replaced_and_nothing_else_is(small_course, tmp_path):
    built = build_student(small_course, [], tmp_path)
    (built.folder / "stray.txt").write_text("stray")
    build_student(small_course, [], tmp_path)
    assert not (built.folder / "stray.txt").exists()
    (built.folder / "RELEASE").unlink()
    with pytest.raises(GraderFault, match="is not a release"):
        build_student(small_course, [], tmp_path)
    assert (built.folder / "README.md").exists()


SOLUTION = "quotient_of_the_two = number / TWO\nreturn quotient_of_the_two\n"


@pytest.mark.parametrize("file", ["README.md", "bench_public.py", "test_public.py"])
def test_a_copied_solution_is_found_and_nothing_is_built(small_course, tmp_path, file):
    path = small_course.root / "assignments" / "q1" / file
    path.write_text(f'{path.read_text()}\n"""\n{SOLUTION}"""\n')
    with pytest.raises(LeakError, match=rf"{file}, line \d+, also stands in reference/q1/halves\.py"):
        build_student(small_course, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()


def test_a_single_line_that_a_hidden_test_has_too_proves_nothing(small_course, tmp_path):
    path = small_course.root / "assignments" / "q1" / "test_public.py"
    path.write_text(path.read_text() + '\n"""half agrees with the reference on random numbers."""\n')
    assert build_student(small_course, [], tmp_path / "out").archive.is_file()


def test_a_copied_hidden_test_is_found(small_course, tmp_path):
    folder = small_course.root / "assignments" / "q1"
    hidden = folder.joinpath("test_hidden.py").read_text()
    folder.joinpath("test_public_more.py").write_text(hidden.replace("@graded", "# @graded"))
    with pytest.raises(LeakError, match=r"test_public_more\.py, line \d+, also stands in .*test_hidden\.py"):
        build_student(small_course, [], tmp_path / "out")


def test_a_copied_mistake_is_found(small_course, tmp_path):
    mistake = small_course.root / "reference" / "q1" / "mistakes" / "divides_by_n_minus_one.py"
    bench = small_course.root / "assignments" / "q1" / "bench_public.py"
    bench.write_text(bench.read_text() + mistake.read_text())
    with pytest.raises(LeakError, match=r"mistakes/divides_by_n_minus_one\.py"):
        build_student(small_course, [], tmp_path / "out")


@pytest.mark.parametrize(
    ("missing", "said"),
    [
        ("assignments/q1/README.md", "README.md"),
        ("assignments/q1/points.toml", "points.toml"),
        ("assignments/q1/test_public.py", "no public test"),
        ("reference/q1/given.py", "given.py"),
        ("constraints.txt", "constraints.txt"),
        ("LICENSE", "LICENSE"),
    ],
)
def test_a_missing_file_is_named(small_course, tmp_path, missing, said):
    (small_course.root / missing).unlink()
    with pytest.raises(GraderFault, match=said):
        build_student(small_course, [], tmp_path / "out")


def test_measure_goes_along_only_where_a_public_test_uses_a_gate(small_course, tmp_path):
    assert uses_gate("def test_a(student, gate):\n    gate('q1.x')\n")
    assert not uses_gate("def test_a(student):\n    gate = 1\n")
    folder = small_course.root / "assignments" / "q1"
    folder.joinpath("measure.py").write_text('"""Measures."""\n')
    folder.joinpath("gates.toml").write_text("")
    folder.joinpath("bands.json").write_text("{}\n")
    without = build_student(small_course, [], tmp_path / "a")
    folder.joinpath("test_public_gate.py").write_text("def test_a(student, gate):\n    gate('q1.x')\n")
    along = build_student(small_course, [], tmp_path / "b")
    assert not without.folder.joinpath("assignments/q1/measure.py").exists()
    assert along.folder.joinpath("assignments/q1/measure.py").exists()
    assert along.folder.joinpath("assignments/q1/gates.toml").exists()
    assert along.folder.joinpath("assignments/q1/bands.json").exists()


def test_what_staff_are_told_about_gates_stays_with_them(small_course, tmp_path):
    folder = small_course.root / "assignments" / "q1"
    folder.joinpath("measure.py").write_text('"""Measures."""\n')
    folder.joinpath("test_public_gate.py").write_text("def test_a(student, gate):\n    gate('q1.x')\n")
    with folder.joinpath("assignment.toml").open("a") as file:
        file.write('\n# The answer is 42.\n[gates."q1.half"]\nmeasure = "figure"\nwrong = ["harmless"]\n')
    wrong = WrongSolution(
        name="harmless", n=60, mean=0.1, sd=0.1, min=0, max=0.2, pass_chance=0, pass_chance_16=0
    )
    right = {"threshold": 0.5, "mean": 0.9, "sd": 0.1, "n": 60, "min": 0.8, "max": 1.0, "quantiles": {}}
    more = {
        "sd_run": 0.1,
        "false_alarm": 0.0,
        "false_alarm_bound": 0.0,
        "device": "cpu",
        "date": "",
        "versions": {},
    }
    rests_on = {"measure": "0", "reference": "1", "harmless": "2"}
    record = GateRecord(measure="figure", **right, **more, rests_on=rests_on, wrong=[wrong])
    write_gates(folder / "gates.toml", {"q1.half": record})
    built = build_student(small_course, [], tmp_path / "out").folder / "assignments" / "q1"
    assert "42" not in (built / "assignment.toml").read_text()
    assert load_assignment(built).gates["q1.half"].wrong == []
    assert load_gates(built / "gates.toml")["q1.half"].threshold == 0.5
    assert "harmless" not in (built / "gates.toml").read_text() + (built / "assignment.toml").read_text()


def test_parts_are_told_with_their_commands(small_course, tmp_path):
    path = small_course.root / "assignments/q1/assignment.toml"
    path.write_text(path.read_text() + '\n[parts.all]\ntitle = "All of it"\nfiles = ["halves.py"]\n')
    built = build_student(small_course, [], tmp_path / "out").folder
    assert (
        '`pytest assignments/q1 --part all` grades "All of it": `halves.py`'
        in (built / "README.md").read_text()
    )
    assert set(load_assignment(built / "assignments/q1").parts) == {"all"}


@pytest.fixture(scope="module")
def released(tmp_path_factory):
    """This course's own release, unpacked: relative path -> text."""
    folder = tmp_path_factory.mktemp("release")
    built = build_student(HERE, [], folder)
    with zipfile.ZipFile(built.archive) as archive:
        return {name: archive.read(name).decode("utf-8", errors="replace") for name in archive.namelist()}


def _long(lines):
    return {line.strip() for line in lines if len(line.strip()) >= LONG}


@pytest.mark.parametrize("assignment_id", HERE.assignments())
def test_this_course_releases_no_line_of_a_solution(released, assignment_id):
    """Not the builder's own check: long lines of every solution, searched for as plain text.

    The handouts are left out: a last hint may be the first line of a solution, word for word.
    """
    reference = HERE.root / "reference" / assignment_id
    secret = set()
    for name in HERE.assignment(assignment_id).files:
        for block in solution_blocks((reference / name).read_text(), name):
            secret |= _long(block.lines)
    assert secret
    code = {name: text for name, text in released.items() if not name.endswith(f"{assignment_id}/README.md")}
    # In a notebook the text between the code is the handout's.
    notebook = f"student/starter/{assignment_id}/{assignment_id}.ipynb"
    code[notebook] = "\n".join(read(released[notebook].encode()).code)
    found = [(name, line) for name, text in code.items() for line in secret if line in text]
    assert found == []


@pytest.mark.parametrize("assignment_id", HERE.assignments())
def test_this_course_releases_no_line_of_a_hidden_test(released, assignment_id):
    secret, names = set(), set()
    for path in HERE.assignment(assignment_id).folder.glob("test_*.py"):
        if is_public(path.name):
            continue
        source = path.read_text()
        for node in ast.parse(source).body:
            if isinstance(node, ast.FunctionDef) and node.name.startswith("test_"):
                names.add(f"def {node.name}(")
                secret |= _long(ast.unparse(node).splitlines())
                secret |= _long(source.splitlines()[node.lineno - 1 : node.end_lineno])
    assert names
    found = [(name, line) for name, text in released.items() for line in secret | names if line in text]
    assert found == []


@pytest.mark.parametrize("assignment_id", HERE.assignments())
def test_this_course_releases_no_other_file_of_an_assignment(released, assignment_id):
    """A data file is no text to search for, so files are compared whole."""
    folder = HERE.assignment(assignment_id).folder
    secret = {
        path.read_text(errors="replace")
        for path in folder.iterdir()
        if path.is_file() and ("hidden" in path.name or path.name == "signatures.py")
    }
    secret |= {path.read_text() for path in (HERE.root / "reference" / assignment_id).rglob("mistakes/*.py")}
    assert not secret & set(released.values())
    assert not [name for name in released if "hidden" in name or "mistakes" in name.split("/")[:-1]]

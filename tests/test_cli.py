"""The command ``grader``: what it prints, and the status it ends with."""

from __future__ import annotations

import json
import shutil
import signal
import subprocess
import sys
import time

import pytest
import support

from grader.commands import grading
from grader.results import json_file
from grader.submission import collect

REAL_RUN = pytest.mark.timeout(180)  # a pytest run with workers in a process of its own


# -- grade ----------------------------------------------------------------------------------------------


@REAL_RUN
def test_the_reference_meets_its_expectation_and_its_result_is_kept(grader, tmp_path):
    kept = ("--results-dir", tmp_path / "kept", "--artifacts", tmp_path / "art")
    status, out, _ = grader("grade", "reference", "q1", "--expect", 100, *kept)
    assert status == 0
    assert "100 / 100" in out
    assert "Pictures: none" in out
    result = json_file.parse((tmp_path / "kept" / "q1.json").read_bytes())
    assert (result.score, result.complete, result.state) == (100, True, "finished")
    assert result.artifacts == str(tmp_path / "art" / "q1")


@REAL_RUN
def test_an_expectation_that_is_not_met_is_status_1(grader, tmp_path):
    """With the untouched starter, which is a complete result of 0 points; the seed is passed on."""
    status, out, err = grader("grade", "starter", "--expect", 100, "--seed", 42, "--results-dir", tmp_path)
    assert status == 1
    assert "q1 got 0 points, not the expected 100" in err
    assert "not started" in out
    said = json.loads((tmp_path / "q1.json").read_text())
    assert (said["seed"], said["complete"], said["score"]) == (42, True, 0)


@REAL_RUN
def test_a_zip_is_graded_like_the_folder_that_it_was_made_of(grader, small_course, tmp_path):
    path = shutil.make_archive(str(tmp_path / "Ann B"), "zip", small_course.reference("q1"))
    status, out, err = grader("grade", path, "--expect", 100, "--results-dir", tmp_path)
    assert status == 0, err
    assert "100 / 100" in out
    said = json.loads((tmp_path / "q1.json").read_text())
    q1 = small_course.assignment("q1")
    folder = small_course.reference("q1")
    assert said["submission_hash"] == collect(q1, folder, tmp_path / "run", folder).digest


@REAL_RUN
@pytest.mark.parametrize("outside", [True, False])
def test_a_run_takes_its_settings_from_the_course_wherever_the_submission_lies(
    small_course, tmp_path, outside
):
    folder = (tmp_path if outside else small_course.root) / "ann"
    shutil.copytree(small_course.reference("q1"), folder)
    folder.joinpath("pytest.ini").write_text("[pytest]\naddopts = --no-such-option\n")
    (tmp_path / "q1.json").write_text("{}")
    command = grading.Run(small_course, "q1", folder, tmp_path / "q1.json").command()
    done = subprocess.run([*command, "--collect-only", "-v"], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "configfile: pyproject.toml" in done.stdout


@REAL_RUN
def test_settings_that_were_handed_in_are_refused(small_course, tmp_path):
    """Where an option in two words stands before the assignment, pytest looks there for its settings."""
    folder = tmp_path / "ann"
    shutil.copytree(small_course.reference("q1"), folder)
    folder.joinpath("pytest.ini").write_text("[pytest]\n")
    tests = str(small_course.root / "assignments" / "q1")
    command = [sys.executable, "-m", "pytest", "--submission", str(folder), tests]
    done = subprocess.run(command, capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == pytest.ExitCode.USAGE_ERROR
    assert f"--submission={folder} in one word" in done.stderr


@REAL_RUN
def test_a_file_that_is_no_zip_is_status_2_and_said(grader, tmp_path):
    (tmp_path / "ann.zip").write_bytes(b"PK")
    status, _, err = grader("grade", tmp_path / "ann.zip")
    assert status == 2
    assert "is not a zip that can be read" in " ".join(err.split())


@pytest.mark.slow
@REAL_RUN
def test_a_planted_mistake_loses_its_points_and_is_named(grader):
    status, out, err = grader("grade", "reference", "q1", "--plant", "divides_by_n_minus_one", "-n", 2)
    assert status == 0, err
    assert "divides_by_n_minus_one: The" in out
    assert "50 / 100" in out


@REAL_RUN
def test_a_planted_mistake_that_costs_nothing_is_status_1(grader):
    status, _, err = grader("grade", "reference", "q1", "--plant", "harmless")
    assert status == 1
    assert "q1.half lost no points" in err


@pytest.mark.slow
@REAL_RUN
def test_a_part_is_graded_alone_and_a_mistake_of_another_is_said(grader, small_course):
    """small_course with a second file that asks nothing of the first."""
    path = small_course.root / "assignments/q1/assignment.toml"
    text = path.read_text().replace('files = ["halves.py"]', 'files = ["halves.py", "means.py"]')
    head, mean = text.split('[questions."q1.mean"]')
    mean = '[questions."q1.mean"]' + mean.replace('"halves.py"', '"means.py"')
    parts = "".join(f'[parts.{name}]\ntitle = "T"\nfiles = ["{name}.py"]\n' for name in ("halves", "means"))
    path.write_text(head + mean + parts)
    for folder in ("reference", "starter"):
        (small_course.root / folder / "q1/means.py").write_text("")
    status, out, err = grader("grade", "reference", "q1", "--part", "halves", "--expect", 50)
    assert (status, "50 / 50" in out) == (0, True), err
    arguments = ("grade", "reference", "q1", "--part", "halves", "--plant", "divides_by_n_minus_one")
    status, out, err = grader(*arguments)
    assert status == 1
    assert "is a mistake of another part: no question of halves shows it" in err
    status, _, err = grader("grade", "reference", "q1", "--part", "ends")
    assert status == 2
    assert "q1 has no part 'ends'; its parts are: halves, means" in err


@REAL_RUN
def test_a_broken_test_file_is_incomplete_with_what_pytest_said(grader, small_course):
    tests = small_course.root / "assignments" / "q1" / "test_hidden.py"
    tests.write_text("import a_module_that_is_not_there\n")
    status, out, err = grader("grade", "reference")
    assert status == 3
    assert "Not complete" in out
    assert "a_module_that_is_not_there" in err
    assert "must not be used" in err


@REAL_RUN
def test_a_run_without_a_result_is_status_3_with_what_pytest_said(grader, small_course):
    small_course.root.joinpath("pyproject.toml").write_text(
        "[tool.pytest.ini_options]\naddopts = ['--no-such-option']\n"
    )
    status, _, err = grader("grade", "reference")
    assert status == 3
    assert "no usable result" in err
    assert "--no-such-option" in err


@REAL_RUN
def test_an_empty_folder_is_status_2(grader, tmp_path):
    (tmp_path / "empty").mkdir()
    status, _, err = grader("grade", tmp_path / "empty")
    assert status == 2
    assert "empty" in err


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["grade", "nowhere"], "nowhere: no such folder, zip or notebook"),
        (["grade", "reference", "q9"], "no assignment 'q9'"),
        (["grade", "reference", "q1", "--plant", "absent"], "divides_by_n_minus_one"),
        (["grade", "starter", "q1", "--plant", "harmless"], "--plant changes the reference"),
        (["grade", "reference", "--isolation", "none"], "'none' is not"),
        (["build", "student", "q9"], "no assignment 'q9'"),
        (["build", "gradescope", "q9"], "no assignment 'q9'"),
        (["build", "gradescope", "q1", "--minutes", "99"], "the platform allows 40"),
        (["answers", "nowhere"], "nowhere: no such folder"),
        (["starter", "q9"], "no assignment 'q9'"),
        (["no-such-command"], "No such command"),
    ],
)
def test_something_impossible_is_status_2_and_said_in_a_line(grader, arguments, said):
    status, _, err = grader(*arguments)
    assert status == 2
    assert said in err
    assert "Traceback" not in err


def test_outside_a_course_every_command_says_so(grader, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    status, _, err = grader("points")
    assert status == 2
    assert "no" in err
    assert "`assignments`" in err


# -- starter, points ------------------------------------------------------------------------------------


def test_starter_is_written_and_checked(grader, small_course):
    assert grader("starter", "--check")[0] == 0
    stub = small_course.starter("q1") / "halves.py"
    stub.write_text(stub.read_text() + "# edited\n")
    status, out, err = grader("starter", "--check")
    assert status == 1
    assert "-# edited" in out
    assert "run: grader starter" in err
    assert grader("starter")[0] == 0
    assert grader("starter", "--check")[0] == 0


@REAL_RUN
def test_points_are_written_and_checked(grader, small_course):
    assert grader("points", "--check")[0] == 0
    table = small_course.assignment("q1").points_path
    current = table.read_text()
    table.unlink()
    status, _, err = grader("points", "--check")
    assert status == 1
    assert "test_half_repeated: collected, but missing" in err
    assert grader("points")[0] == 0
    assert table.read_text() == current


@REAL_RUN
def test_points_that_do_not_sum_are_not_written(grader, small_course):
    tests = small_course.root / "assignments" / "q1" / "test_public.py"
    tests.write_text(tests.read_text().replace("points=10", "points=11"))
    table = small_course.assignment("q1").points_path.read_text()
    status, _, err = grader("points")
    assert status == 1
    assert "sum to 101, not to 100" in err
    assert small_course.assignment("q1").points_path.read_text() == table


@REAL_RUN
def test_points_of_tests_that_cannot_be_collected_are_status_3(grader, small_course):
    small_course.root.joinpath("assignments", "q1", "test_hidden.py").write_text("def (:\n")
    status, _, err = grader("points")
    assert status == 3
    assert "SyntaxError" in err


# -- the rest -------------------------------------------------------------------------------------------


MEASURE = '''
"""Measures."""


def nearness(subject, bench, seed):
    """How near a mean comes, with some noise from the seed."""
    return 10.0 - abs(subject.halves.mean([1.0, 2.0, 6.0]) - 3.0) + (seed % 100) / 1000.0
'''


@pytest.mark.slow
@REAL_RUN
def test_a_gate_is_calibrated_and_checked(grader, small_course):
    folder = small_course.root / "assignments" / "q1"
    folder.joinpath("measure.py").write_text(MEASURE)
    with folder.joinpath("assignment.toml").open("a") as file:
        file.write(
            '\n[gates."q1.mean"]\nmeasure = "nearness"\nwrong = ["divides_by_n_minus_one"]\nseeds = 3\n'
        )
    status, _, err = grader("calibrate", "q1", "--check")
    assert status == 1
    assert "q1.mean is not calibrated" in err
    status, out, err = grader("calibrate", "q1", "--accept-weak")
    assert status == 0, err
    assert "q1.mean" in out
    assert 'measure = "nearness"' in folder.joinpath("gates.toml").read_text()
    assert grader("calibrate", "q1", "q1.absent")[0] == 2
    assert grader("calibrate", "q1", "--check")[0] == 0
    reference = small_course.root / "reference" / "q1" / "halves.py"
    reference.write_text(reference.read_text().replace("sum(weight *", "sum(2.0 * weight *"))
    status, _, err = grader("calibrate", "q1", "--check")
    assert status == 1
    assert "outside its band" in err


@pytest.mark.slow
@REAL_RUN
def test_a_calibration_that_is_told_to_end_leaves_its_runs_and_nothing_else(small_course, tmp_path):
    """As by `timeout 600 grader calibrate`, which is how one is fitted in between."""
    folder = small_course.root / "assignments" / "q1"
    folder.joinpath("measure.py").write_text(MEASURE)
    with folder.joinpath("assignment.toml").open("a") as file:
        file.write('\n[gates."q1.mean"]\nmeasure = "nearness"\nwrong = ["harmless"]\nseeds = 5000\n')
    own, kept = tmp_path / "own", small_course.root / ".calibration" / "q1" / "runs.jsonl"
    own.mkdir()
    with subprocess.Popen(
        [sys.executable, "-m", "grader.cli", "calibrate", "q1"],
        cwd=small_course.root,
        env=support.environment(own),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    ) as run:
        stop = time.monotonic() + 120
        while not kept.is_file() or kept.read_bytes().count(b"\n") < 3:
            assert run.poll() is None
            assert time.monotonic() < stop
            time.sleep(0.05)
        run.terminate()
        said = run.stdout.read()
    assert run.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in said
    assert support.litter(own) == []
    assert support.left_behind(own) == []
    assert kept.read_bytes().count(b"\n") >= 3
    assert not folder.joinpath("gates.toml").exists()


def test_a_secret_is_made_once(grader, tmp_path):
    path = tmp_path / "secret"
    status, out, _ = grader("secret", "new", path)
    assert status == 0
    assert "GRADER_SECRET_FILE" in out
    assert path.stat().st_mode & 0o077 == 0
    status, _, err = grader("secret", "new", path)
    assert status == 2
    assert "exists" in err


def test_answers_are_printed_or_written(grader, small_course, tmp_path):
    folder = tmp_path / "class" / "ann"
    folder.mkdir(parents=True)
    folder.joinpath("answers.md").write_text("## q1.half\n\nOne of two equal parts.\n")
    status, out, _ = grader("answers", tmp_path / "class")
    assert status == 0
    assert "ann,q1.half,5,,One of two equal parts.," in out
    status, out, _ = grader(
        "answers", tmp_path / "class", "--format", "markdown", "--to", tmp_path / "table.md"
    )
    assert status == 0
    assert "2 answers, 0 over the limit of 60 words" in out
    assert "| ann | q1.half | 5 |" in (tmp_path / "table.md").read_text()


def test_builds_name_what_they_made(grader, tmp_path):
    status, out, err = grader("build", "student", "--out", tmp_path / "out")
    assert status == 0, err
    assert "student.zip" in out
    status, out, err = grader("build", "gradescope", "q1", "--out", tmp_path / "out")
    assert status == 0, err
    assert "gradescope-q1.zip" in out


def test_the_console_script_is_installed():
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "--help"], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 0
    assert "Grades deep-learning assignments" in done.stdout

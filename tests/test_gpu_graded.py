"""GPU questions as a user grades them: in a rehearsal, without a GPU, and on a card that is pretended."""

from __future__ import annotations

import json
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
import support
from test_races import record

from grader import gpu_lock
from grader.config import Course
from grader.gate_file import RatioRecord, SecondsRecord, write_gates

pytestmark = pytest.mark.timeout(240)  # pytest runs with workers in processes of their own

CARD = "NVIDIA L4"
UUID = "GPU-00000000-1111"
PRETENDED = ("-p", "plugins.pretend_gpu")
EVERYWHERE = {
    "ratio": RatioRecord(mark=1e6, quantile=1e6, sd_log=1.0, n=20),
    "time": SecondsRecord(low=0.0, high=1e6, mean=1.0, sd=1.0),
}


@pytest.fixture
def course(tmp_path: Path) -> Path:
    """A copy of tests/gpu_course whose sizes a processor can do."""
    folder = tmp_path / "course"
    shutil.copytree(support.TESTS / "gpu_course", folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "assignments/g1/assignment.toml"
    text = path.read_text()
    large, small = (
        "size = { samples = 200000, tests = 4000, steps = 400 }",
        "size = { samples = 500, tests = 200, steps = 30 }",
    )
    assert large in text
    path.write_text(text.replace(large, small))
    (folder / "pyproject.toml").write_text("[tool.pytest.ini_options]\naddopts = '--import-mode=importlib'\n")
    return folder


@pytest.fixture
def driver(tmp_path: Path) -> Iterator[dict[str, str]]:
    """An environment in which a driver lists one card, of which as much memory is taken as a file says."""
    place = tmp_path / "driver"
    place.mkdir()
    (place / "used").write_text("10")
    program = place / "nvidia-smi"
    program.write_text(f'#!/bin/sh\necho "{CARD}, {UUID}, 23034, $(cat {place}/used), 570.86.15"\n')
    program.chmod(0o755)
    yield {"PATH": f"{place}:{os.environ['PATH']}", "PYTHONPATH": f"{support.TESTS}:{support.TESTS.parent}"}
    (gpu_lock.folder() / f"grader-{UUID}.lock").unlink(missing_ok=True)  # of a card that there is not


def grade(course: Path, folder: Path, *arguments: str, submission: Path | None = None, extra=None):
    handed_in = submission or course / "reference/g1"
    return support.grade(course, handed_in, *arguments, folder=folder, target="assignments/g1", extra=extra)


def calibrated(course: Path, **more) -> None:
    """As if the race had been calibrated on the card, with marks that any machine keeps."""
    made = record(measure="gpu_fit", device=CARD, **{**EVERYWHERE, **more})
    write_gates(course / "assignments/g1/gates.toml", {}, {"g1.fit": {CARD: made}})


def outcomes(graded) -> dict[str, str]:
    return {
        test["name"].split("::")[1]: test["outcome"]
        for q in graded.results["questions"]
        for test in q["tests"]
    }


# -- without a GPU


def test_a_rehearsal_passes_without_points(course: Path, tmp_path: Path) -> None:
    graded = grade(course, tmp_path, "--gpu-rehearsal")
    assert graded.status == 0, graded.said
    assert set(outcomes(graded).values()) == {"passed"}
    found = graded.results
    assert (found["score"], found["max_score"], found["bonus"], found["complete"]) == (100, 100, 0, True)
    assert graded.test("test_fit_on_a_gpu")["note"] == "rehearsed on the CPU at toy size: no points"
    assert "GPU tests rehearsed: 2; no points without a GPU" in graded.out
    assert support.litter(graded.own) == []


def test_a_wrong_answer_fails_in_a_rehearsal_and_costs_nothing(course: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong"
    shutil.copytree(course / "reference/g1", wrong, ignore=shutil.ignore_patterns("mistakes"))
    with (wrong / "gpu.py").open("a") as file:
        file.write((course / "reference/g1/mistakes/climbs.py").read_text())
        file.write("\n\ndef where(x):\n    return 'tpu'\n")
    graded = grade(course, tmp_path, "--gpu-rehearsal", submission=wrong)
    assert graded.status == 1, graded.said
    assert outcomes(graded) == {
        "test_twice": "passed",
        "test_fit_on_a_gpu": "failed",
        "test_where_on_a_gpu": "failed",
    }
    assert (graded.results["score"], graded.results["bonus"], graded.results["complete"]) == (100, 0, True)
    assert "at toy size a right solution reaches 0.6 for sure" in graded.question("g1.fit")["message"]


@pytest.mark.slow
def test_stubs_are_not_started_and_a_file_that_was_left_out_is_nobodys_fault(
    course: Path, tmp_path: Path
) -> None:
    graded = grade(course, tmp_path, "--gpu-rehearsal", submission=course / "starter/g1")
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_started"
    without = tmp_path / "without"
    without.mkdir()
    shutil.copy(course / "reference/g1/plain.py", without)
    graded = grade(course, tmp_path / "second", "--gpu-rehearsal", submission=without)
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_started"
    assert graded.question("g1.fit")["message"] == "gpu.py was not handed in"
    assert graded.results["problems"] == []
    assert graded.results["score"] == 100


@pytest.mark.parametrize("with_gpu", [False, True])
def test_on_a_cpu_nobody_looks_for_the_gpu_file(course: Path, tmp_path: Path, with_gpu: bool) -> None:
    handed_in = tmp_path / "handed in"
    handed_in.mkdir()
    shutil.copy(course / "reference/g1/plain.py", handed_in)
    if with_gpu:
        (handed_in / "gpu.py").write_text("this is no Python")
    graded = grade(course, tmp_path, submission=handed_in)
    assert graded.status == 0, graded.said
    found = graded.results
    assert [file["name"] for file in found["submission"]["files"]] == ["plain.py"]
    assert (found["submission"]["ignored"], found["problems"]) == ([], [])
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_run"


@pytest.mark.slow
def test_the_gpu_file_changes_no_seed_of_the_others(course: Path, tmp_path: Path) -> None:
    seeds, hashes = set(), set()
    for number, arguments in enumerate(((), ("--gpu-rehearsal",))):
        graded = grade(course, tmp_path / str(number), "-k", "twice", *arguments)
        seeds.add(graded.results["seed"])
        hashes.add(graded.results["submission_hash"])
    assert (len(seeds), len(hashes)) == (1, 2)


def test_without_a_driver_one_line_says_so(course: Path, tmp_path: Path) -> None:
    graded = grade(course, tmp_path, "--device", "cuda", extra={"PATH": "/usr/bin:/bin"})
    assert graded.status == 0, graded.said
    assert "GPU tests not run: 2; needs a GPU: nvidia-smi is not there: no NVIDIA driver" in graded.out
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_run"
    found = graded.results
    assert (found["score"], found["max_score"], found["bonus"], found["complete"]) == (100, 100, 0, True)


def test_a_card_that_torch_cannot_use_is_not_the_students_error(
    course: Path, tmp_path: Path, driver: dict[str, str]
) -> None:
    calibrated(course)
    graded = grade(course, tmp_path, "--device", "cuda", extra=driver)
    assert graded.status == 0, graded.said
    message = graded.question("g1.fit")["message"]
    assert message.startswith(f"not run: needs a GPU: {CARD} cannot be used from a worker: torch ")
    assert "was built without CUDA" in message


def test_a_rehearsal_on_a_gpu_is_refused(course: Path, tmp_path: Path) -> None:
    graded = grade(course, tmp_path, "--gpu-rehearsal", "--device", "cuda")
    assert graded.status == support.USAGE
    assert "--gpu-rehearsal is for want of a GPU" in graded.err


# -- on a card that is pretended


def test_a_calibrated_card_pays_a_bonus(course: Path, tmp_path: Path, driver: dict[str, str]) -> None:
    calibrated(course)
    graded = grade(course, tmp_path, "--device", "cuda", *PRETENDED, extra=driver)
    assert graded.status == 0, graded.said
    found = graded.results
    assert (found["score"], found["max_score"], found["bonus"]) == (100, 100, 6)
    assert "times as long as the reference (median of 5 rounds)" in graded.test("test_fit_on_a_gpu")["note"]
    assert [entry["order"] for entry in found["leaderboard"]] == ["asc"]
    assert found["versions"]["gpu"] == f"{CARD}, driver 570.86.15"
    assert support.left_behind(graded.own) == []


def test_a_card_that_was_not_calibrated_is_not_run(
    course: Path, tmp_path: Path, driver: dict[str, str]
) -> None:
    graded = grade(course, tmp_path, "--device", "cuda", *PRETENDED, extra=driver)
    assert graded.status == 0, graded.said
    told = graded.question("g1.fit")
    assert told["message"] == f"not run: not calibrated for {CARD}: `grader calibrate g1 --device cuda`"
    assert (graded.results["bonus"], graded.results["complete"]) == (1, True)


def test_a_machine_that_is_not_fit_costs_nothing(
    course: Path, tmp_path: Path, driver: dict[str, str]
) -> None:
    calibrated(course, time=SecondsRecord(low=1e5, high=1e6, mean=5e5, sd=1.0))
    graded = grade(course, tmp_path, "--device", "cuda", "-k", "fit", *PRETENDED, extra=driver)
    assert graded.status == 0, graded.said
    assert "this machine is not fit" in graded.question("g1.fit")["message"]
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_run"


def test_a_card_in_use_is_left_alone(course: Path, tmp_path: Path, driver: dict[str, str]) -> None:
    calibrated(course)
    (tmp_path / "driver/used").write_text("22500")
    graded = grade(course, tmp_path, "--device", "cuda", "-k", "fit", *PRETENDED, extra=driver)
    assert "534 MiB free and 1,024 MiB are needed: it is in use" in graded.question("g1.fit")["message"]
    assert outcomes(graded)["test_fit_on_a_gpu"] == "not_run"


@pytest.mark.slow
def test_memory_that_stays_taken_is_the_graders_error(
    course: Path, tmp_path: Path, driver: dict[str, str]
) -> None:
    counting = tmp_path / "driver/nvidia-smi"  # each answer finds more of it taken
    place = tmp_path / "driver"
    more = f"echo $(($(cat {place}/used) + 100)) > {place}/used\n"
    counting.write_text(counting.read_text().replace("#!/bin/sh\n", f"#!/bin/sh\n{more}"))
    graded = grade(course, tmp_path, "--device", "cuda", "-k", "where", *PRETENDED, extra=driver)
    assert graded.status == support.GRADER_ERROR, graded.said
    assert (
        "are still taken after the processes of the run have ended" in graded.question("g1.where")["message"]
    )
    assert graded.results["bonus"] == 0


# -- pytest-benchmark


def test_the_rounds_are_kept_by_pytest_benchmark(course: Path, tmp_path: Path) -> None:
    kept = tmp_path / "kept.json"
    line = support.command(
        course / "assignments/g1",
        *("-p", "no:hypothesispytest", "-p", "no:cacheprovider", "--gpu-rehearsal", "-k", "fit"),
        *("--submission", course / "reference/g1", f"--benchmark-json={kept}"),
    )
    done = support.subprocess.run(
        line, cwd=course, env=support.environment(tmp_path), capture_output=True, text=True, timeout=240
    )
    assert done.returncode == 0, done.stdout + done.stderr
    (found,) = json.loads(kept.read_text())["benchmarks"]
    assert (found["name"], found["group"], found["stats"]["rounds"]) == ("g1.fit", "g1.fit", 2)
    told = found["extra_info"]
    assert found["stats"]["data"] == pytest.approx(told["student_seconds"])
    assert [
        one / other for one, other in zip(told["student_seconds"], told["reference_seconds"], strict=True)
    ] == told["ratios"]
    assert told["rehearsal"] is True


def test_the_small_course_is_generated() -> None:
    from grader.release import starter

    here = Course(support.TESTS / "gpu_course")
    assert starter.difference(here, here.assignment("g1")) == ""


# -- the commands


def run_grader(course: Path, *arguments: str):
    line = [support.sys.executable, "-m", "grader.cli", *arguments]
    extra = {"PYTHONPATH": str(support.TESTS.parent), "PATH": "/usr/bin:/bin"}
    own = course.parent / "own"
    own.mkdir(exist_ok=True)
    return support.subprocess.run(
        line, cwd=course, env=support.environment(own, extra), capture_output=True, text=True, timeout=240
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("options", "status", "words"),
    [
        (("--gpu-rehearsal",), 0, "GPU tests rehearsed: 2; no points without a GPU"),
        ((), 1, "climbs shows in g1.fit, which was not run: --gpu-rehearsal runs it"),
        (("--device", "cuda"), 1, "climbs shows in g1.fit, which was not run"),
    ],
)
def test_a_known_mistake_of_a_gpu_question_can_be_planted(
    course: Path, options: tuple[str, ...], status: int, words: str
) -> None:
    done = run_grader(course, "grade", "reference", "g1", "--plant", "climbs", *options)
    assert done.returncode == status, done.stdout + done.stderr
    assert words in done.stdout + done.stderr


def test_many_submissions_are_not_graded_on_a_gpu(course: Path) -> None:
    for option in (("--device", "cuda"), ("--gpu-rehearsal",)):
        done = run_grader(course, "grade", "--many", "reference", *option)
        assert done.returncode == 2
        assert f"{option[0]} is for one submission: it does not go with --many" in done.stderr

"""`grader calibrate --device cuda`: a record for each kind of card, and what its status says."""

from __future__ import annotations

import shutil
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
import support
from test_races import CARD, Runner, on_card, used

from grader import gpu_lock, race_calibrate
from grader.commands import calibrating
from grader.config import Course, load_assignment
from grader.faults import GraderFault, Mismatch, NotRunHere, Outcome, SubmissionFault
from grader.gate_file import load_races
from grader.race_calibrate import calibrate_races
from grader.race_status import race_states

MEASURES = """
from grader.testing import Round, Work

def gpu_fit(rng, size):
    return Round([{"secret": int(rng.integers(2**31))}, {}], lambda answers, wanted: answers[1])

def gpu_fit_work(size):
    return Work(operations=1e9, precision="fp32")
"""


@pytest.fixture
def course(tmp_path: Path) -> Any:
    """A copy of tests/gpu_course whose race wants one known mistake to be rejected."""
    folder = tmp_path / "course"
    shutil.copytree(support.TESTS / "gpu_course", folder, ignore=shutil.ignore_patterns("__pycache__"))
    path = folder / "assignments/g1/assignment.toml"
    path.write_text(path.read_text().replace("memory_mb = 1024\n", 'memory_mb = 1024\nwrong = ["climbs"]\n'))
    (folder / "assignments/g1/measure_gpu.py").write_text(MEASURES)
    yield Course(folder)
    sys.modules.pop("_g1_measure_gpu", None)


class Runners:
    """Stands in for workers: the reference takes a second and scores 0.97, the mistake scores 0.1."""

    def __init__(self, **reference: Any) -> None:
        self.log: list[Any] = []
        self.reference = reference
        self.opened: list[str] = []
        self.stop_after: int | None = None
        self.mistake: dict[str, Any] = {"scores": [0.1]}

    @contextmanager
    def __call__(self, race: str, folder: Path) -> Any:
        if self.stop_after is not None and len(self.opened) >= self.stop_after:
            raise KeyboardInterrupt
        wrong = "went up the gradient" in (folder / "gpu.py").read_text()
        self.opened.append("climbs" if wrong else "reference")
        count = len(self.opened)
        usual = {"seconds": [1.0 + 0.01 * (count % 7)], "scores": [0.97 + 0.001 * (count % 5)]}
        yield Runner(race, self.log, **(self.mistake if wrong else {**usual, **self.reference}))


def run(course: Course, runners: Runners, seeds: int | None = None, site: Any = None, **more: Any) -> Any:
    assignment = load_assignment(course.root / "assignments/g1").with_optional()
    out = course.root / ".calibration/g1"
    return calibrate_races(course, assignment, [], seeds, out, None, runners, site or on_card(), **more)


def gates(course: Course) -> Path:
    return course.root / "assignments/g1/gates.toml"


def test_the_record_holds_score_ratio_and_times(course: Course) -> None:
    runners = Runners()
    record = run(course, runners)["g1.fit"]
    assert runners.opened == ["reference"] * 40 + ["climbs", "reference"] * 20
    assert (record.device, record.driver, record.rounds, record.n) == ("Card", "570", 5, 20)
    assert 0.1 < record.threshold < record.mean < 0.98
    assert 1.1 < record.ratio.mark < 1.3
    assert record.time.low < 1.0 < 1.06 < record.time.high
    (wrong,) = record.wrong
    assert (wrong.name, wrong.n, wrong.mean) == ("climbs", 20, pytest.approx(0.1))
    assert list(load_races(gates(course))["g1.fit"]) == ["Card"]


def test_another_card_gets_a_record_beside_it(course: Course) -> None:
    run(course, Runners())
    other = on_card()
    run(course, Runners(), site=type(other)("cuda", "Other", other.peak, CARD, used(CARD.used_bytes)))
    assert list(load_races(gates(course))["g1.fit"]) == ["Card", "Other"]


def test_a_calibration_that_was_stopped_goes_on(course: Course) -> None:
    first = Runners()
    first.stop_after = 10
    with pytest.raises(KeyboardInterrupt):
        run(course, first)
    assert not gates(course).exists()
    second = Runners()
    run(course, second)
    assert len(second.opened) == 80 - 10
    third = Runners()
    run(course, third)
    assert third.opened == []
    run(course, third, resume=False)
    assert len(third.opened) == 80


def test_fewer_than_twenty_rounds_are_refused(course: Course) -> None:
    with pytest.raises(GraderFault, match="with 20 rounds at least, not 19"):
        run(course, Runners(), seeds=19)


def test_a_mistake_that_fails_gives_no_figure_and_does_not_pass(course: Course) -> None:
    runners = Runners()
    runners.mistake = {"fault": SubmissionFault(Outcome.TIMED_OUT, "stopped")}
    record = run(course, runners)["g1.fit"]
    assert [(wrong.name, wrong.failed, wrong.pass_chance) for wrong in record.wrong] == [("climbs", 20, 0.0)]


def test_a_mistake_that_passes_is_said(course: Course) -> None:
    runners = Runners()
    runners.mistake = {"scores": [0.972]}
    with pytest.raises(GraderFault, match="climbs passes with a chance of 1 over 16 draws"):
        run(course, runners)
    assert "climbs passes" in run(course, runners, accept_weak=True)["g1.fit"].caveats[0]


@pytest.mark.parametrize("fault", [SubmissionFault(Outcome.TIMED_OUT, "stopped"), Mismatch("another form")])
def test_a_reference_that_gives_no_figure_ends_it(course: Course, fault: Exception) -> None:
    with pytest.raises(GraderFault, match="round 1 of the reference gives no figure"):
        run(course, Runners(fault=fault))


def test_a_device_in_use_ends_it(course: Course) -> None:
    with pytest.raises(NotRunHere, match="it is in use"):
        run(course, Runners(), site=on_card(used(CARD.total_bytes)))


def test_names_that_do_not_exist(course: Course) -> None:
    with pytest.raises(GraderFault, match=r"no race 'g1\.x' in g1; there are: g1\.fit"):
        race_calibrate.chosen_races(course.assignment("g1"), ["g1.x"])


# -- status


def state(course: Course) -> Any:
    (found,) = race_states(course, load_assignment(course.root / "assignments/g1"))
    return found


def test_a_race_that_was_never_calibrated_is_not_stale(course: Course) -> None:
    assert (state(course).record, state(course).stale) == (None, ())


def changed(course: Course, file: str, old: str, new: str) -> None:
    path = course.root / file
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new))


@pytest.mark.parametrize(
    ("file", "old", "new", "stale"),
    [
        ("assignments/g1/measure_gpu.py", "return Round", "rng.random()\n    return Round", "measure"),
        ("assignments/g1/measure_gpu.py", "1e9", "2e9", "measure"),
        ("assignments/g1/bench_gpu.py", "torch.randn(64, 32", "torch.randn(32, 32", "measure"),
        ("assignments/g1/assignment.toml", "samples = 200000", "samples = 100000", "measure"),
        ("reference/g1/gpu.py", "weights -= ", "weights -= 0.5 * ", "reference"),
        ("reference/g1/mistakes/climbs.py", "weights += ", "weights += 0.5 * ", "climbs"),
        ("assignments/g1/assignment.toml", "seconds = 30", "seconds = 30\nrounds = 7", "5 rounds, not 7"),
        ("assignments/g1/assignment.toml", "seconds = 30", "seconds = 30\nseeds = 21", "20 rounds of"),
        ("reference/g1/plain.py", "return 2 * x", "return x + x", ""),
        ("assignments/g1/assignment.toml", "tests = 400,", "tests = 300,", ""),
        ("assignments/g1/assignment.toml", "toy_least = 0.6", "toy_least = 0.5", ""),
    ],
)
def test_what_changes_the_figures_makes_them_stale(
    course: Course, file: str, old: str, new: str, stale: str
) -> None:
    run(course, Runners())
    assert state(course).stale == ()
    changed(course, file, old, new)
    said = "; ".join(state(course).stale)
    assert stale in said
    assert bool(stale) == bool(said), said


# -- the command


@pytest.fixture
def grader(course: Course, monkeypatch: pytest.MonkeyPatch, command: Any) -> Any:
    """Runs the command in the course; gives status, stdout and stderr."""
    monkeypatch.chdir(course.root)
    return command


def test_without_a_gpu_it_refuses_in_a_line(grader: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    status, _, err = grader("calibrate", "g1", "--device", "cuda")
    assert status == 2
    assert err.strip().count("\n") == 0
    assert "nothing is calibrated: needs a GPU: nvidia-smi is not there" in err


def test_the_status_is_told_and_a_stale_card_is_status_1(grader: Any, course: Course) -> None:
    status, out, _ = grader("calibrate", "g1", "--status")
    assert status == 0
    assert "g1.fit" in out
    run(course, Runners())
    status, out, _ = grader("calibrate", "g1", "g1.fit", "--status")
    assert (status, "Card" in out) == (0, True)
    changed(course, "reference/g1/gpu.py", "weights -= ", "weights -= 0.5 * ")
    status, _, err = grader("calibrate", "g1", "g1.fit", "--status")
    assert status == 1
    assert "not every race is current" in err


def test_an_assignment_without_races_and_a_check_are_refused(grader: Any, course: Course) -> None:
    assert "--check is for gates" in grader("calibrate", "g1", "--check", "--device", "cuda")[2]
    path = course.root / "assignments/g1/assignment.toml"
    path.write_text(path.read_text().partition("[races.")[0])
    assert "g1 has no GPU question with a race" in grader("calibrate", "g1", "--device", "cuda")[2]


@pytest.mark.slow
@pytest.mark.timeout(240)
def test_workers_are_calibrated_on_a_card_that_is_pretended(
    grader: Any, course: Course, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copy(support.TESTS / "gpu_course/assignments/g1/measure_gpu.py", course.root / "assignments/g1")
    large, small = "samples = 200000, tests = 4000, steps = 400", "samples = 500, tests = 200, steps = 30"
    changed(course, "assignments/g1/assignment.toml", large, small)
    changed(course, "assignments/g1/assignment.toml", 'wrong = ["climbs"]\n', "")
    program = tmp_path / "nvidia-smi"
    program.write_text('#!/bin/sh\necho "NVIDIA L4, GPU-00000000-1111, 23034, 10, 570.86.15"\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    from plugins import pretend_gpu

    monkeypatch.setattr(calibrating, "site_of", pretend_gpu.site_of)
    status, out, err = grader("calibrate", "g1", "--device", "cuda", "--accept-weak")
    assert status == 0, out + err
    record = load_races(gates(course))["g1.fit"]["NVIDIA L4"]
    assert (record.n, record.driver, record.mean) == (20, "570.86.15", pytest.approx(1.0, abs=0.1))
    assert record.time.low < record.time.mean < record.time.high
    assert record.ratio.mark > 1.1
    assert state(course).stale == ()
    (gpu_lock.folder() / "grader-GPU-00000000-1111.lock").unlink()

"""Calibration: runs are made once, kept, and turned into the same file whichever way they came about."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from contextlib import contextmanager
from pathlib import Path
from types import SimpleNamespace

import pytest

from grader.band_file import load_bands
from grader.calibrate import calibrate, check
from grader.config import Course, load_assignment
from grader.faults import GraderFault, Mismatch, Outcome, SubmissionFault
from grader.gate_file import load_gates, write_gates

ASSIGNMENT = """
title = "Training"
files = ["model.py"]

[questions."q9.accuracy"]
title = "Accuracy"
file = "model.py"
minutes = 5
review = "Reread it."

[gates."q9.accuracy"]
measure = "accuracy"
wrong = ["crashes", "half"]
seeds = 12

[gates."q9.loss"]
measure = "loss"
wrong = []
seeds = 12
"""

MEASURE = """
import numpy as np


def accuracy(subject, bench, seed):
    return subject.answer(seed)


def loss(subject, bench, seed):
    return 0.5 * subject.answer(seed)
"""

MISTAKE = '''"""Said to the student."""
QUESTIONS = ("q9.accuracy",)
MODULE = "model"
{body}
'''


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "assignments" / "q9"
    folder.mkdir(parents=True)
    (folder / "assignment.toml").write_text(ASSIGNMENT)
    (folder / "measure.py").write_text(MEASURE)
    mistakes = tmp_path / "reference" / "q9" / "mistakes"
    mistakes.mkdir(parents=True)
    (mistakes.parent / "model.py").write_text("LEVEL = 0.9\n")
    (mistakes / "half.py").write_text(MISTAKE.format(body="LEVEL = 0.45"))
    (mistakes / "crashes.py").write_text(MISTAKE.format(body="LEVEL = None"))
    yield Course(tmp_path)
    sys.modules.pop("_q9_measure", None)


@pytest.fixture(autouse=True)
def pictures(request, monkeypatch):
    """Drawn where a test is about them: matplotlib takes seconds to import."""
    if "picture" not in request.node.name:
        monkeypatch.setattr("grader.calibrate.plot_gate", lambda *arguments: False)


class Subjects:
    """Stands in for workers: 'trains' to the level in model.py, plus noise from the seed."""

    def __init__(self, noise=0.01):
        self.noise = noise
        self.made = []
        self.open = 0
        self.stop_after = None

    @contextmanager
    def __call__(self, folder):
        if self.stop_after is not None and len(self.made) >= self.stop_after:
            raise KeyboardInterrupt
        scope = {}
        exec((folder / "model.py").read_text(), scope)
        self.made.append(scope["LEVEL"])
        self.open += 1

        def answer(seed):
            if scope["LEVEL"] is None:
                raise SubmissionFault(Outcome.SUBMISSION_ERROR, "train raised ValueError")
            return scope["LEVEL"] + self.noise * ((seed % 1000) / 1000 - 0.5)

        try:
            yield SimpleNamespace(answer=answer, evidence=[])
        finally:
            self.open -= 1


def run(course, subjects, gates=("q9.accuracy",), seeds=None, progress=None, **options):
    assignment = load_assignment(course.root / "assignments" / "q9")
    out = course.root / ".calibration" / "q9"
    return calibrate(course, assignment, list(gates), seeds, out, progress, subjects, **options)


def gates_text(course):
    return (course.root / "assignments" / "q9" / "gates.toml").read_bytes()


def test_runs_the_reference_and_the_wrong_solutions(course):
    subjects, seen = Subjects(), []
    records = run(course, subjects, progress=lambda *what: seen.append(what))
    record = records["q9.accuracy"]
    assert subjects.made == [0.9] * 12 + [None] * 12 + [0.45] * 12
    assert subjects.open == 0
    assert 0.5 < record.threshold < 0.9
    assert (record.n, record.measure, record.device) == (12, "accuracy", "cpu")
    assert {"python", "numpy"} <= set(record.versions)
    assert set(record.rests_on) == {"measure", "reference", "crashes", "half"}
    assert len(set(record.rests_on.values())) == 4
    assert [(wrong.name, wrong.n, wrong.failed) for wrong in record.wrong] == [
        ("crashes", 12, 12),
        ("half", 12, 0),
    ]
    assert (
        load_gates(course.root / "assignments" / "q9" / "gates.toml")["q9.accuracy"].threshold
        == record.threshold
    )
    assert seen[0] == ("q9.accuracy", "reference", 1, 12)
    assert seen[-1] == ("q9.accuracy", "half", 12, 12)


def test_out_folder_is_out_of_sight_and_holds_runs_and_a_picture(course):
    run(course, Subjects())
    out = course.root / ".calibration" / "q9"
    assert (out / ".gitignore").read_text() == "*\n"
    lines = [json.loads(line) for line in (out / "runs.jsonl").read_text().splitlines()]
    assert len(lines) == 36
    assert lines[12]["figure"] is None
    assert lines[12]["fault"] == "train raised ValueError"
    assert (out / "q9.accuracy.png").read_bytes().startswith(b"\x89PNG")


def test_without_matplotlib_there_is_no_picture_and_no_harm(course, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    assert run(course, Subjects())["q9.accuracy"].n == 12
    assert not list((course.root / ".calibration" / "q9").glob("*.png"))


SHOWING = """
from grader.testing import Curves, Measured


def accuracy(subject, bench, seed):
    figure = subject.answer(seed)
    return Measured(figure, pictures=[Curves("loss", "Loss", {"training": [1.0, 1.0 - figure]})])


def loss(subject, bench, seed):
    return subject.answer(seed)
"""


def test_the_curves_of_the_reference_are_kept_as_bands(course):
    folder = course.root / "assignments" / "q9"
    (folder / "measure.py").write_text(SHOWING)
    run(course, Subjects(), seeds=12)
    (band,) = load_bands(folder)["q9.accuracy"]["loss"].values()
    assert band.middle[0] == 1.0
    assert 0.09 < band.low[1] < band.middle[1] < band.high[1] < 0.11  # LEVEL = 0.9, and not the wrong ones'
    kept = (folder / "bands.json").read_bytes()
    again = Subjects()
    run(course, again, seeds=12)
    assert again.made == []
    assert (folder / "bands.json").read_bytes() == kept
    run(course, Subjects(), ["q9.loss"], seeds=12)
    assert (folder / "bands.json").read_bytes() == kept


def test_a_stopped_calibration_goes_on_where_it_was(course):
    stopped = Subjects()
    stopped.stop_after = 15
    with pytest.raises(KeyboardInterrupt):
        run(course, stopped)
    path = course.root / ".calibration" / "q9" / "runs.jsonl"
    path.write_bytes(path.read_bytes()[:-20])  # the last line was cut off
    rest = Subjects()
    run(course, rest)
    assert len(rest.made) == 36 - 14
    resumed = gates_text(course)
    again = Subjects()
    run(course, again)
    assert again.made == []
    assert gates_text(course) == resumed
    fresh = Subjects()
    run(course, fresh, resume=False)
    assert len(fresh.made) == 36
    assert gates_text(course) == resumed


KILLED = """
import sys
from pathlib import Path

import test_calibrate as tests
from grader.config import Course

course, hold = Course(Path(sys.argv[1])), int(sys.argv[2])


class Holding(tests.Subjects):
    def __call__(self, folder):
        if len(self.made) == hold:
            print("held", flush=True)
            sys.stdin.read()
        return super().__call__(folder)


tests.run(course, Holding())
"""


@pytest.mark.parametrize("at", [5, 30])
def test_a_calibration_that_is_killed_goes_on_where_it_was(course, at):
    """kill -9 in the middle: no run is lost that was over, and the file is that of one that ran through."""
    line = [sys.executable, "-c", KILLED, str(course.root), str(at)]
    own = course.root / "tmp"
    own.mkdir()
    environment = {**os.environ, "PYTHONPATH": str(Path(__file__).parent), "TMPDIR": str(own)}
    with subprocess.Popen(line, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment) as held:
        assert held.stdout.readline() == b"held\n"
        held.kill()
    assert not (course.root / "assignments" / "q9" / "gates.toml").exists()
    rest = Subjects()
    run(course, rest)
    assert len(rest.made) == 36 - at
    resumed = gates_text(course)
    run(course, Subjects(), resume=False)
    assert gates_text(course) == resumed


def test_runs_of_other_code_are_not_used_again(course):
    run(course, Subjects(), seeds=3)
    (course.root / "reference" / "q9" / "model.py").write_text("LEVEL = 0.8\n")
    changed = Subjects()
    assert run(course, changed, seeds=3)["q9.accuracy"].mean == pytest.approx(0.8, abs=0.01)
    assert len(changed.made) == 9
    back = Subjects()
    (course.root / "reference" / "q9" / "model.py").write_text("LEVEL = 0.9\n")
    run(course, back, seeds=3)
    assert back.made == []
    more = Subjects()
    run(course, more, seeds=4)
    assert len(more.made) == 3


def test_other_gates_in_the_file_stay(course):
    run(course, Subjects(), ["q9.loss"])
    run(course, Subjects(), ["q9.accuracy"])
    path = course.root / "assignments" / "q9" / "gates.toml"
    assert list(load_gates(path)) == ["q9.accuracy", "q9.loss"]
    whole = gates_text(course)
    path.unlink()
    run(course, Subjects(), [])
    assert gates_text(course) == whole
    records = load_gates(path)
    write_gates(path, {**records, "q9.gone": records["q9.loss"]})
    run(course, Subjects(), ["q9.loss"])
    assert gates_text(course) == whole


def test_a_weak_gate_is_refused_and_its_runs_kept(course):
    saturated = Subjects(noise=0.0)
    with pytest.raises(GraderFault, match="rule of three"):
        run(course, saturated)
    assert not (course.root / "assignments" / "q9" / "gates.toml").exists()
    told = Subjects(noise=0.0)
    assert "rule of three" in run(course, told, accept_weak=True)["q9.accuracy"].caveats[0]
    assert told.made == []


def test_lower_is_better(course):
    assert run(course, Subjects(), ["q9.loss"], direction="lower")["q9.loss"].threshold > 0.45


@pytest.mark.parametrize("level", ["None", "float('nan')"])
def test_a_reference_without_a_figure_is_the_graders_fault(course, level):
    (course.root / "reference" / "q9" / "model.py").write_text(f"LEVEL = {level}\n")
    with pytest.raises(GraderFault, match="run 1 of the reference gives no figure"):
        run(course, Subjects())


def test_a_measure_that_refuses_the_answer_gives_no_figure(course):
    (course.root / "assignments" / "q9" / "measure.py").write_text(
        "from grader.testing import check\n\n\n"
        "def accuracy(subject, bench, seed):\n"
        "    check(subject.answer(seed) > 0.5, 'logits have the wrong shape')\n"
        "    return subject.answer(seed)\n"
    )
    record = run(course, Subjects())["q9.accuracy"]
    assert [wrong.failed for wrong in record.wrong] == [12, 12]
    assert issubclass(Mismatch, AssertionError)


def test_a_gate_or_mistake_that_does_not_exist_shows_before_the_first_run(course):
    subjects = Subjects()
    with pytest.raises(GraderFault, match=r"no gate 'q9\.speed' in q9; there are: q9\.accuracy, q9\.loss"):
        run(course, subjects, ["q9.speed"])
    (course.root / "reference" / "q9" / "mistakes" / "half.py").unlink()
    with pytest.raises(GraderFault, match="no known mistake 'half'"):
        run(course, subjects)
    assert subjects.made == []


def test_without_a_reference_nothing_can_be_calibrated(course):
    (course.root / "reference").rename(course.root / "elsewhere")
    with pytest.raises(GraderFault, match="student release"):
        run(course, Subjects())


def recheck(course, subjects, gates=("q9.accuracy",), **options):
    assignment = load_assignment(course.root / "assignments" / "q9")
    return check(course, assignment, list(gates), subjects, **options)


def test_check_runs_a_few_fresh_seeds(course):
    run(course, Subjects())
    subjects, seen = Subjects(), []
    assert recheck(course, subjects, progress=lambda *what: seen.append(what)) == []
    assert subjects.made == [0.9] * 3
    assert seen == [("q9.accuracy", "reference", at, 3) for at in (1, 2, 3)]


def test_check_says_which_gate_and_why(course):
    run(course, Subjects())
    (course.root / "reference" / "q9" / "model.py").write_text("LEVEL = 0.7\n")
    complaints = recheck(course, Subjects(), seeds=2)
    assert len(complaints) == 2
    assert complaints[0].startswith("q9.accuracy: run 1 of the reference gives 0.7")
    assert "this machine is not fit, or the reference has changed" in complaints[0]
    (course.root / "reference" / "q9" / "model.py").write_text("LEVEL = None\n")
    assert recheck(course, Subjects(), seeds=1) == [
        "q9.accuracy: run 1 of the reference gives no figure: train raised ValueError"
    ]
    assert recheck(course, Subjects(), ["q9.loss"]) == ["q9.loss is not calibrated"]

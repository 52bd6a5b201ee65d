"""What goes wrong on the judge's side is the grader's error: the student neither pays for it nor is paid."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import faults
import pytest
import support

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]

# -- tests of ours

OURS = {
    "base_exception": "class Odd(BaseException):\n        pass\n    raise Odd",
    "system_exit": "raise SystemExit(0)",
    "recursion": "ask = lambda n: ask(n + 1)\n    ask(0)",
    "memory": "raise MemoryError",
    "silent": "class Odd(Exception):\n        def __str__(self):\n            raise ValueError\n"
    "        __repr__ = __str__\n    raise Odd",
    "half_a_character": "raise ValueError('\\udcff')",
    "group": "raise ExceptionGroup('many', [ValueError(1), KeyError(2)])",
    "skips": "pytest.skip('not now')",
    "expected_to_fail": "pytest.xfail('known')",
    "hangs": "while True:\n        pass",
    "sleeps": "time.sleep(1000)",
    "asks_for_what_is_not_there": "request.getfixturevalue('no_such_fixture')",
    "fixture": "request.getfixturevalue('breaks')",
    "fixture_afterwards": "request.getfixturevalue('breaks_afterwards')",
}
FILE = """
import time
import pytest
from grader.testing import graded

@pytest.fixture
def breaks():
    raise KeyError("before")

@pytest.fixture
def breaks_afterwards():
    yield
    raise KeyError("afterwards")
"""
TEST = '''
@graded("q1.half", points=1, rung="edges")
@pytest.mark.timeout(0.05)
def test_{name}(student, request):
    """{name}"""
    {body}
'''
ROW = """
[[tests]]
question = "q1.half"
test = "test_hidden_faults.py::test_{name}"
title = "{name}"
points = 1.0
cases = 1
rung = "edges"
visibility = "hidden"
device = "cpu"
"""
SOON = "import grader.judging\ngrader.judging.BACKSTOP_SECONDS = 0.5\n"


def test_a_test_of_ours_may_fail_in_any_way(tmp_path: Path) -> None:
    folder = faults.course(tmp_path / "course") / "assignments/q1"
    bodies = "".join(TEST.format(name=name, body=body) for name, body in OURS.items())
    (folder / "test_hidden_faults.py").write_text(FILE + bodies, encoding="utf-8")
    with (folder / "points.toml").open("a", encoding="utf-8") as points:
        points.writelines(ROW.format(name=name) for name in OURS)
    run = faults.grade(tmp_path, plugin=SOON)
    want = faults.FINE | {f"test_{name}": "grader_error" for name in OURS}
    assert faults.outcomes(run.results) == want, run.said
    assert run.status == support.GRADER_ERROR
    assert (run.results["score"], run.results["max_score"]) == (100, 100 + len(OURS))
    assert (run.results["state"], run.results["complete"]) == ("finished", False)
    assert "provisional" in run.gradescope["output"]
    assert "KeyError: 'afterwards'" in run.out
    assert "never came back" in run.out
    assert support.litter(run.own) == []


ENDS = {
    "pytest_exit": ("pytest.exit('enough')", 2, "stopped"),
    "interrupt": ("raise KeyboardInterrupt", 2, "stopped"),
    "the_process": ("os._exit(0)", 0, "starting"),
}


@pytest.mark.parametrize("how", ENDS)
def test_a_test_of_ours_that_ends_the_run(tmp_path: Path, how: str) -> None:
    body, status, state = ENDS[how]
    path = faults.course(tmp_path / "course") / "assignments/q1/test_hidden.py"
    text = path.read_text(encoding="utf-8").replace(
        '    cases = [{"number"', f'    {body}\n    cases = [{{"number"'
    )
    path.write_text(f"import os\nimport pytest\n{text}", encoding="utf-8")
    run = faults.grade(tmp_path)
    assert run.status == status, run.said
    assert (run.results["state"], run.results["complete"], run.results["score"]) == (state, False, 0)
    assert run.results["max_score"] == 100
    assert "Grading " in run.gradescope["output"]
    faults.none_left(run.own)


# -- the reference, on this machine

REFERENCE = {
    "half.py": "import torch\ndef half(x: float) -> float:\n    return torch.zeros(2) @ torch.zeros(3)\n",
    "double.py": "import torch\ndef double(x: torch.Tensor) -> torch.Tensor:\n    return x.tolist()\n",
    "count.py": "def count(values: list[float], limit: float) -> int:\n    while True:\n        pass\n",
    "last.py": "import os\ndef last(values: list[float]) -> float:\n    os._exit(0)\n",
    "step.py": "def step(:\n",
}


@pytest.fixture(scope="module")
def misjudged(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A course whose reference fails in each question in another way, and public tests as ever."""
    home = tmp_path_factory.mktemp("reference")
    place = support.copy_course(home / "course")
    for name, content in REFERENCE.items():
        (place / "reference/q1" / name).write_text(content, encoding="utf-8")
    return home


def hidden(run: support.Graded) -> dict[str, dict[str, object]]:
    """The hidden tests that ask the reference, by name."""
    tests = [test for question in run.results["questions"] for test in question["tests"]]
    asking = [
        test for test in tests if test["visibility"] == "hidden" and not test["name"].endswith("_kinds")
    ]
    return {test["name"].rpartition("::")[2]: test for test in asking}


def test_a_reference_that_fails_costs_a_right_submission_no_verdict(misjudged: Path) -> None:
    right = support.submit(misjudged / "right")
    run = support.grade(misjudged / "course", right, folder=misjudged / "for right")
    found = hidden(run)
    assert {test["outcome"] for test in found.values()} == {"grader_error"}, run.said
    assert len(found) == 7
    assert {test["points"] for test in found.values()} == {0}
    assert run.status == support.GRADER_ERROR
    assert not run.results["complete"]
    assert run.question("kinds")["outcome"] == "passed"
    assert run.test("test_half_is_a_number")["message"] != ""  # held back: nothing random stands beside it
    assert support.left_behind(run.own) == []


@pytest.mark.slow
def test_whoever_fails_as_the_reference_does_is_not_paid(misjudged: Path) -> None:
    alike = support.submit(misjudged / "alike", REFERENCE)
    run = support.grade(misjudged / "course", alike, folder=misjudged / "for alike")
    found = hidden(run)
    assert {test["points"] for test in found.values()} == {0}, run.said
    # What goes wrong in the submission first is its own; the reference was not asked then.
    assert {test["outcome"] for name, test in found.items() if "half" in name} == {"grader_error"}
    assert run.status == support.GRADER_ERROR
    assert not run.results["complete"]
    assert run.points == dict.fromkeys(support.POINTS, 0) | {"q1.kinds": 8}


@pytest.mark.slow
@pytest.mark.parametrize("what", ["a file", "all of it"])
def test_a_reference_that_is_not_there(tmp_path: Path, what: str) -> None:
    place = faults.course(tmp_path / "course")
    (place / "reference/q1/halves.py").unlink()
    if what == "all of it":
        shutil.rmtree(place / "reference")
    run = faults.grade(tmp_path)
    asked = ("test_half_of_random_numbers", "test_mean_of_random_lists")
    assert faults.outcomes(run.results) == faults.FINE | dict.fromkeys(asked, "grader_error"), run.said
    assert (run.status, run.results["score"], run.results["complete"]) == (support.GRADER_ERROR, 0, False)


# -- pass marks

GATE = """
[gates."q1.accuracy"]
measure = "accuracy"
wrong = ["divides_by_n_minus_one"]
"""


@pytest.mark.slow
@pytest.mark.parametrize(("written", "words"), [(None, "calibrat"), ("= nothing", "gates.toml: not TOML")])
def test_a_gate_that_cannot_be_read(tmp_path: Path, written: str | None, words: str) -> None:
    folder = faults.course(tmp_path / "course") / "assignments/q1"
    with (folder / "assignment.toml").open("a", encoding="utf-8") as file:
        file.write(GATE)
    (folder / "measure.py").write_text(
        "def accuracy(subject, bench, seed):\n    return 1.0\n", encoding="utf-8"
    )
    if written is not None:
        (folder / "gates.toml").write_text(written, encoding="utf-8")
    path = folder / "test_hidden.py"
    text = path.read_text(encoding="utf-8").replace(
        "def test_half_of_random_numbers(", "def test_half_of_random_numbers(gate, "
    )
    path.write_text(
        text.replace(
            '    cases = [{"number"', '    gate("q1.accuracy").judge(student)\n    cases = [{"number"'
        ),
        encoding="utf-8",
    )
    run = faults.grade(tmp_path, "-k", "half")
    assert run.test("test_half_of_random_numbers")["outcome"] == "grader_error", run.said
    assert words in run.out
    assert (run.status, run.results["complete"]) == (support.GRADER_ERROR, False)


# -- the judge itself

SLOW = "\nimport time\ntime.sleep(0.5)\n"


@pytest.mark.slow
def test_a_killed_judge_with_nodes_leaves_valid_results_and_no_process(tmp_path: Path) -> None:
    """A platform whose patience ended: SIGKILL to the whole group. Folders stay: nobody can remove them."""
    place = faults.course(tmp_path / "course")
    slow = faults.submission(tmp_path / "slow", more=SLOW)
    own, results = tmp_path / "tmp", tmp_path / "results.json"
    own.mkdir()
    line = support.command(place / "assignments/q1", *support.WITHOUT, "--results", results, "-n", "2")
    with subprocess.Popen(
        [*line, "--submission", str(slow)],
        env=support.environment(own),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    ) as run:
        try:
            while "passed" not in (results.read_text() if results.exists() else ""):
                assert run.poll() is None, "the run ended too soon"
                time.sleep(0.02)
        finally:
            os.killpg(run.pid, signal.SIGKILL)
    found = support.read_results(results)
    faults.check(results)
    assert (found["state"], found["complete"]) == ("running", False)
    faults.none_left(own)
    assert all(name.startswith("grader-") for name in support.litter(own))


def test_grader_grade_that_is_told_to_end_takes_its_run_along(tmp_path: Path) -> None:
    place = faults.course(tmp_path / "course")
    slow = faults.submission(tmp_path / "slow", more=SLOW)
    own, kept = tmp_path / "tmp", tmp_path / "kept"
    own.mkdir()
    line = [sys.executable, "-m", "grader.cli", "grade", str(slow), "q1", "--results-dir", str(kept)]
    with subprocess.Popen(
        line, cwd=place, env=support.environment(own), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
    ) as run:
        try:
            while not (kept / "q1.json").exists():
                assert run.poll() is None, "the run ended too soon"
                time.sleep(0.02)
            run.send_signal(signal.SIGTERM)
            out, _ = run.communicate(timeout=60)
        finally:
            run.kill()
    assert run.returncode == 128 + signal.SIGTERM
    assert b"Traceback" not in out
    faults.none_left(own)
    assert not support.read_results(kept / "q1.json")["complete"]


KEEPS = """
import signal, sys
from grader.stopping import Stopping
signal.signal(signal.SIGHUP, signal.SIG_IGN)
with Stopping() as stopping:
    signal.raise_signal(signal.SIGHUP)
    assert stopping.number == 0
    try:
        signal.raise_signal(signal.SIGTERM)
    except KeyboardInterrupt:
        signal.raise_signal(signal.SIGTERM)
        print(stopping.status, flush=True)
assert signal.getsignal(signal.SIGTERM) is signal.SIG_DFL
signal.raise_signal(signal.SIGTERM)
"""


def test_the_first_signal_interrupts_and_what_was_ignored_stays_ignored() -> None:
    done = subprocess.run([sys.executable, "-c", KEEPS], capture_output=True, text=True, check=False)
    assert (done.stdout, done.returncode) == ("143\n", -signal.SIGTERM), done.stderr

"""The plugin behaves as users of pytest expect, and whatever they do the results files tell the truth."""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import jsonschema
import psutil
import pytest
import support

pytestmark = pytest.mark.timeout(300)

HIDDEN = "assignments/q1/test_hidden.py"
PUBLIC = "assignments/q1/test_public.py"

WRONG_HALF = "def half(x):\n    return x / 4\n"
SLOW = "import time\ntime.sleep(0.3)\n"


def edit(path: Path, *pairs: tuple[str, str]) -> None:
    """Replace pieces of a file; each must be there."""
    text = path.read_text(encoding="utf-8")
    for old, new in pairs:
        assert old in text
        text = text.replace(old, new)
    path.write_text(text, encoding="utf-8")


@pytest.fixture
def course(tmp_path) -> Path:
    return support.copy_course(tmp_path / "c")


@pytest.fixture
def right(tmp_path) -> Path:
    return support.submit(tmp_path / "right")


def right_but(name: str, first: str) -> str:
    """The right content of a file with some lines in front."""
    return first + (support.COURSE / "reference/q1" / name).read_text()


def without_seconds(result: object) -> object:
    """A result as it must be again when the same is graded again."""
    if isinstance(result, dict):
        return {key: without_seconds(value) for key, value in result.items() if key != "seconds"}
    return [without_seconds(value) for value in result] if isinstance(result, list) else result


# -- the usual ways of calling pytest


def test_no_option_is_needed(course):
    shutil.copytree(course / "reference" / "q1", course / "starter" / "q1", dirs_exist_ok=True)
    before = _files(course)
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        cwd=course,
        env=support.environment(course.parent),
        capture_output=True,
        text=True,
    )
    assert done.returncode == support.PASSED, done.stdout
    assert "100 / 100" in done.stdout
    assert _files(course) == before


def _files(folder: Path) -> list[Path]:
    """What lies in a folder, but for Python's own litter and pytest-benchmark's."""
    others = {"__pycache__", ".benchmarks"}
    return [path for path in sorted(folder.rglob("*")) if not others.intersection(path.parts)]


def test_changed_files_have_another_hash(tmp_path, course, right):
    nothing = ("-k", "no_such_test")
    before = support.grade(course, right, *nothing, folder=tmp_path)
    again = support.grade(course, right, *nothing, folder=tmp_path)
    with (right / "last.py").open("a") as file:
        file.write("# changed\n")
    after = support.grade(course, right, *nothing, folder=tmp_path)
    assert before.results == again.results
    assert before.results["submission_hash"] != after.results["submission_hash"]
    assert (before.status, before.results["complete"]) == (
        5,
        False,
    )  # pytest's status where nothing was chosen


@pytest.mark.parametrize(
    ("arguments", "target", "judged"),
    [
        (["-k", "half"], "assignments/q1", {"q1.half"}),
        (["-k", "q1.half"], "assignments/q1", {"q1.half"}),
        ([], f"{PUBLIC}::test_last_figures", set()),
    ],
)
def test_a_part_of_the_tests_lowers_no_maximum(tmp_path, course, right, arguments, target, judged):
    run = support.grade(course, right, *arguments, folder=tmp_path, cwd=course, target=target)
    assert run.status == support.PASSED, run.said
    assert run.results["max_score"] == 100
    assert not run.results["complete"]
    assert run.results["state"] == "finished"
    for question in run.results["questions"]:
        whole = question["id"] in judged
        assert (question["outcome"] == "passed") is whole, question
        if not whole:
            assert question["message"] == "not run"
    assert "tests were not run" in run.out
    assert "points.toml is not current" not in run.said


def test_listing_the_tests_grades_nothing(tmp_path, course, right):
    run = support.grade(course, right, "--collect-only", "-q", folder=tmp_path)
    assert run.status == support.PASSED
    assert "15 tests collected" in run.out
    assert run.results == run.gradescope == {}


def test_the_run_ends_at_the_first_failure_where_that_is_asked(tmp_path, course):
    run = support.grade(
        course, support.submit(tmp_path / "s", {"half.py": WRONG_HALF}), "-x", folder=tmp_path
    )
    assert run.status == support.FAILED
    assert "1 failed" in run.out
    assert (run.results["max_score"], run.results["complete"]) == (100, False)
    assert run.question("last")["outcome"] == "not_run"


def test_only_the_failed_ones_run_again(tmp_path, course):
    submission = support.submit(tmp_path / "s", {"half.py": WRONG_HALF})
    cache = ("-p", "cacheprovider", "-o", f"cache_dir={tmp_path / 'cache'}")
    first = support.grade(course, submission, *cache, folder=tmp_path)
    assert first.results["score"] == 80, first.said
    again = support.grade(course, submission, *cache, "--lf", folder=tmp_path)
    assert again.status == support.FAILED
    assert "4 failed" in again.out
    assert "passed" not in again.out.splitlines()[-1]
    assert (again.results["max_score"], again.results["complete"]) == (100, False)
    assert again.question("half")["outcome"] == "failed"
    assert again.question("last")["outcome"] == "not_run"
    assert "points.toml is not current" not in again.said


@pytest.mark.slow
def test_every_run_gives_the_same_result_in_one_process_and_in_two(tmp_path, course):
    submission = support.submit(
        tmp_path / "s", {"half.py": WRONG_HALF, "last.py": "def last(values):\n    return 0\n"}
    )
    one, again = (support.grade(course, submission, folder=tmp_path / name) for name in ("one", "again"))
    two = support.grade(course, submission, "-n", "2", "-v", folder=tmp_path / "two")
    assert without_seconds(one.results) == without_seconds(again.results)
    assert without_seconds(one.results) == without_seconds(two.results)
    assert (one.results["score"], one.results["complete"]) == (60, True)
    assert one.status == two.status == support.FAILED
    nodes = {}
    for node, file in re.findall(r"\[(gw\d)\].*(test_\w+\.py)::", two.out):
        nodes.setdefault(file, set()).add(node)
    # A file's tests stay together: they share what a fixture of theirs has trained.
    assert [len(node) for node in nodes.values()] == [1, 1]
    assert support.left_behind(two.own) == []
    assert support.litter(two.own) == []


@pytest.mark.slow
def test_two_runs_at_once_do_not_disturb_each_other(tmp_path, course, right):
    done: dict[str, support.Graded] = {}

    def run(name: str) -> None:
        done[name] = support.grade(course, right, folder=tmp_path / name, cwd=tmp_path)

    threads = [threading.Thread(target=run, args=(name,)) for name in ("one", "two")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert {name: run.results["score"] for name, run in done.items()} == {"one": 100, "two": 100}


@pytest.mark.slow
def test_workers_that_are_new_interpreters_end_and_are_replaced(tmp_path, course):
    trouble = {
        "half.py": "def half(x):\n    while True: pass\n",
        "double.py": right_but("double.py", "import torch\ntorch.set_default_dtype(torch.float64)\n"),
        "count.py": "import os\ndef count(values, limit):\n    os._exit(5)\n",
    }
    submission = support.submit(tmp_path / "s", trouble)
    run = support.grade(course, submission, "--launcher", "fresh", folder=tmp_path, target=PUBLIC)
    outcomes = [question["outcome"] for question in run.results["questions"]]
    assert run.test("test_half_figures")["outcome"] == "timed_out", run.said
    assert outcomes[:3] == ["timed_out", "not_run", "submission_error"]
    assert run.points == {
        "q1.half": 0,
        "q1.double": 6,
        "q1.count": 0,
        "q1.kinds": 0,
        "q1.step": 4,
        "q1.last": 5,
    }
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []


# -- the debugger


BREAKS = "def half(x):\n    plain_to_see = 42\n    return x / plain_to_see['a']\n"


@pytest.mark.slow
def test_a_debugger_stands_in_the_frame_of_the_submission(tmp_path, course):
    submission = support.submit(tmp_path / "s", {"half.py": BREAKS})
    run = support.grade(
        course,
        submission,
        "--pdb",
        "--isolation",
        "none",
        folder=tmp_path,
        target=PUBLIC,
        typed="p plain_to_see + 1\nc\nq\n",
    )
    assert "half.py(3)half()" in run.out
    assert "(Pdb) 43" in run.out
    assert run.results["isolation"] == "none"
    assert run.question("half")["outcome"] == "submission_error"
    assert not run.results["complete"]


def test_the_public_tests_run_without_isolation_as_they_do_with_it(tmp_path, course):
    stub = (course / "starter/q1/last.py").read_text()
    submission = support.submit(tmp_path / "s", {"half.py": WRONG_HALF, "last.py": stub})
    run = support.grade(course, submission, "--isolation", "none", folder=tmp_path, target=PUBLIC)
    public = {"q1.double": 6, "q1.count": 4, "q1.step": 4}
    assert run.points == {**dict.fromkeys(support.POINTS, 0), **public}, run.said
    assert run.test("test_half_figures")["outcome"] == "failed"
    assert run.test("test_last_figures")["outcome"] == "not_started"
    assert run.status == support.FAILED


def test_hidden_tests_refuse_to_run_without_isolation(tmp_path, course, right):
    run = support.grade(course, right, "--isolation", "none", folder=tmp_path)
    assert run.status == support.GRADER_ERROR
    assert not run.results["complete"]
    refused = run.test("test_last_random")
    assert refused["outcome"] == "grader_error"
    assert "--isolation none" in refused["message"]
    assert "Traceback" not in run.out
    assert "def pytest_runtest_setup" not in run.out
    assert run.test("test_last_figures")["outcome"] == "passed"


# -- what a hidden test may say


INPUT = "8675309"  # digits that no other number here has
WRITES = "WRITTENBYTHESUBMISSION"
TELLTALE = {
    "last.py": f"""
def last(values):
    print("{WRITES}", values)
    class {WRITES}(Exception): pass
    if len(values) == 3:
        raise {WRITES}("{WRITES} %r" % values)
    return values[-1] + 1
""",
    "half.py": f"""
import ast
def half(x):
    tree = ast.parse("raise KeyError('{WRITES}')")
    for node in ast.walk(tree):
        node.lineno = node.end_lineno = {INPUT}
    exec(compile(tree, __file__, "exec"))
""",
    "double.py": f"class {WRITES}: pass\ndef double(x):\n    return {WRITES}()\n",
    "count.py": f"def count(values, limit):\n    globals()['count_{WRITES}'] = globals().pop('count')\n",
    "step.py": f"def step(weight, gradient, rate):\n    import sys\n    sys.exit('{WRITES}')\n",
    "kinds.py": f"KINDS = {{'{WRITES}': 1}}\n",
}
LOUD = ("-v", "-rA", "--tb", "long", "-l", "--full-trace", "--show-capture", "all", "-o", "junit_logging=all")


def test_a_hidden_test_tells_neither_inputs_nor_answers_nor_what_the_submission_wrote(tmp_path, course):
    edit(course / HIDDEN, ("rng.normal(size=size).tolist()", f"[*rng.normal(size=size).tolist(), {INPUT}.0]"))
    submission = support.submit(tmp_path / "s", TELLTALE)
    report = tmp_path / "junit.xml"
    run = support.grade(course, submission, *LOUD, "--junitxml", report, folder=tmp_path, target=HIDDEN)
    assert run.results["score"] == 0, run.said
    everything = [run.out, run.err, report.read_text(), json.dumps(run.results), json.dumps(run.gradescope)]
    for text in everything:
        assert WRITES not in text
        assert INPUT not in text
        assert "values[-1]" not in text
    hidden = [
        test
        for question in run.results["questions"]
        for test in question["tests"]
        if test["visibility"] == "hidden"
    ]
    assert {test["outcome"] for test in hidden} == {"failed", "submission_error"}
    assert all(test["message"] and not test["detail"] and not test["output"] for test in hidden)


def test_a_public_test_shows_what_was_asked_and_what_came(tmp_path, course):
    submission = support.submit(tmp_path / "s", TELLTALE)
    run = support.grade(course, submission, folder=tmp_path, target=PUBLIC)
    last = run.test("test_last_figures")
    assert WRITES in last["output"]
    assert "[1.0, 2.0, 3.0]" in last["output"]
    assert last["message"].startswith(f"last raised {WRITES} (last.py, line 6): {WRITES} [1.0, 2.0, 3.0]")
    assert WRITES in run.test("test_double_figures")["message"]
    shown = next(test for test in run.gradescope["tests"] if test["name"].startswith("q1.last"))
    assert f"| {WRITES} [1.0, 2.0, 3.0]" in shown["output"]
    assert "what your code printed" in run.out


# -- errors of ours


def test_a_test_file_that_does_not_import_is_our_error(tmp_path, course, right):
    edit(course / HIDDEN, ("import numpy as np", "import numpy as np\nimport no_such_module"))
    run = support.grade(course, right, folder=tmp_path)
    assert run.status == support.GRADER_ERROR
    assert (run.results["complete"], run.results["score"], run.results["max_score"]) == (False, 0, 100)
    assert "test_hidden.py cannot be collected" in " ".join(run.results["problems"])


OURS = [
    # raises, skips itself, is skipped, asserts, trips over an answer
    (
        "check_each(cases, lambda subject, x: subject.half.half(x), student, reference)",
        "raise KeyError('ours')",
    ),
    (
        "check_each(cases, lambda subject, x: subject.double.double(x), student, reference)",
        "pytest.skip('no time')",
    ),
    ('@graded("q1.count"', '@pytest.mark.skip(reason="not today")\n@graded("q1.count"'),
    (
        "check_each(cases, lambda subject, values: subject.last.last(values), student, reference)",
        "assert [] == [1]",
    ),
    ("named = set(student.kinds.KINDS.items())", "named = student.kinds.KINDS['nothing']"),
]


def test_an_error_of_ours_is_never_paid(tmp_path, course, right):
    edit(course / HIDDEN, *OURS)
    edit(course / "reference/q1/step.py", ("return weight - rate * gradient", "return no_such_name"))
    edit(right / "step.py", ("return weight - rate * gradient", "raise NameError"))
    run = support.grade(course, right, folder=tmp_path)
    assert run.status == support.GRADER_ERROR
    broken = [test for q in run.results["questions"] for test in q["tests"] if test["visibility"] == "hidden"]
    assert {test["name"]: test["outcome"] for test in broken if test["outcome"] != "grader_error"} == {}
    assert {test["points"] for test in broken} == {0}
    assert all(test["message"].startswith("could not be judged") for test in broken)
    assert (run.results["score"], run.results["complete"], run.results["max_score"]) == (0, False, 100)
    assert "the random tests, and they could not be judged" in run.test("test_half_figures")["message"]
    assert not any("status" in test for test in run.gradescope["tests"] if test["visibility"] == "hidden")
    assert "provisional" in run.gradescope["output"]
    assert "KeyError: 'ours'" in run.out  # the instructor has to find it


def test_a_public_test_has_no_reference(tmp_path, course, right):
    edit(course / PUBLIC, ("def test_last_figures(student)", "def test_last_figures(student, reference)"))
    run = support.grade(course, right, folder=tmp_path, target=PUBLIC)
    assert run.status == support.GRADER_ERROR
    assert run.test("test_last_figures")["outcome"] == "grader_error"
    assert run.test("test_count_figures")["outcome"] == "passed"
    assert "a public test must do without the reference" in run.out


def test_an_old_points_table_is_said(tmp_path, course, right):
    edit(
        course / "assignments/q1/points.toml", ("points = 15.0", "points = 14.0"), ("test_kinds", "test_kind")
    )
    run = support.grade(course, right, folder=tmp_path)
    said = " ".join(run.results["problems"])
    assert "test_last_random: points is 14.0 in points.toml, 15.0 in the marker" in said
    assert "test_kind: in points.toml, but no such test was collected" in said
    assert run.status == support.GRADER_ERROR
    assert not run.results["complete"]


def test_a_missing_points_table_is_said(tmp_path, course, right):
    (course / "assignments/q1/points.toml").unlink()
    run = support.grade(course, right, folder=tmp_path)
    assert "points.toml is not there" in " ".join(run.results["problems"])
    assert run.results["score"] == 100
    run = support.grade(course, right, "-n", "2", folder=tmp_path)
    assert run.status == support.USAGE
    assert "run `grader points` first" in run.err


# -- scores


def test_typed_in_figures_earn_nothing(tmp_path, course):
    typed = {
        "half.py": "def half(x):\n    return {4.0: 2.0, 7.0: 3.5}.get(x, 0.0)\n",
        "count.py": "def count(values, limit):\n    return 2 if limit == 1.5 else -1\n",
        "last.py": "def last(values):\n    return 3.0\n",
    }
    run = support.grade(course, support.submit(tmp_path / "s", typed), folder=tmp_path)
    assert run.points == {**support.POINTS, "q1.half": 0, "q1.count": 0, "q1.last": 0}, run.said
    figures = run.test("test_half_figures")
    assert (figures["outcome"], figures["points"]) == ("passed", 0)
    assert "counts only together with a right answer on random inputs" in figures["message"]


def test_the_seed_is_for_instructors_only(tmp_path, course, right):
    secret = tmp_path / "secret"
    secret.write_text("0123456789abcdef" * 4)
    run = support.grade(
        course, right, folder=tmp_path, target=PUBLIC, extra={"GRADER_SECRET_FILE": str(secret)}
    )
    assert run.results["seed_source"] == "course secret"
    assert run.results["seed"] > 0
    assert str(run.results["seed"]) not in json.dumps(run.gradescope) + run.said
    assert "0123456789abcdef" not in json.dumps(run.results) + json.dumps(run.gradescope) + run.said
    given = support.grade(course, right, "--grading-seed", 8675309, "-k", "no_such_test", folder=tmp_path)
    assert (given.results["seed"], given.results["seed_source"]) == (8675309, "given")
    assert "8675309" not in json.dumps(given.gradescope)


AT_THE_LIMIT = "def count(values, limit):\n    return sum(value >= limit for value in values)\n"


def test_a_known_mistake_is_named_and_nothing_with_it(tmp_path, course):
    submission = support.submit(tmp_path / "s", {"half.py": WRONG_HALF, "count.py": AT_THE_LIMIT})
    run = support.grade(course, submission, folder=tmp_path)
    for name in ("test_half_figures", "test_half_random", "test_count_random"):
        assert run.test(name)["mistake"], run.said
    assert run.question("half")["mistake"]["name"] == "quarter"
    assert run.test("test_half_random")["mistake"]["message"].startswith("The number was divided twice:")
    assert run.question("count")["mistake"]["name"] == "counts_the_limit"
    assert run.test("test_count_figures")["outcome"] == "passed"
    assert run.test("test_half_of_a_negative_number")["mistake"] is None  # it fails by another fault
    hidden = next(test for test in run.gradescope["tests"] if test["tags"] == ["q1.count"])
    assert "A value equal to the limit was counted" in hidden["output"]
    assert "asked" not in hidden["output"]
    assert "counts_the_limit" in run.out


def test_of_two_mistakes_that_agree_none_is_named(tmp_path, course):
    mistakes = course / "reference/q1/mistakes"
    other = (mistakes / "quarter.py").read_text().replace("x / 4", "x * 0.25")
    (mistakes / "times_a_quarter.py").write_text(other)
    submission = support.submit(tmp_path / "s", {"half.py": WRONG_HALF})
    run = support.grade(course, submission, "-k", "half", folder=tmp_path)
    assert run.question("half")["outcome"] == "failed"
    assert run.question("half")["mistake"] is None


# -- time


# Where the machine is busy, the wait of four times as long may end first.
STOPPED = re.compile(r"stopped in (\w+) after ([\d.]+) s of (computing|waiting) time")


def stopped(message: str) -> tuple[str, float]:
    """Where a test was stopped, and its limit in CPU seconds."""
    found = STOPPED.match(message)
    assert found, message
    return found[1], float(found[2]) / (4 if found[3] == "waiting" else 1)


@pytest.mark.slow
def test_a_limit_is_taken_from_where_pytest_users_write_it(tmp_path, course):
    edit(course / PUBLIC, ("pytestmark = pytest.mark.timeout(1)\n", ""))
    edit(course / HIDDEN, ('@graded("q1.last"', '@pytest.mark.timeout(0.3)\n@graded("q1.last"'))
    loops = {
        "half.py": "def half(x):\n    while x != 4: pass\n    return 2.0\n",
        "last.py": "import time\ndef last(values):\n    time.sleep(600)\n",
    }
    run = support.grade(
        course, support.submit(tmp_path / "s", loops), "--timeout", "0.5", "-rf", folder=tmp_path
    )
    assert stopped(run.test("test_half_figures")["message"]) == ("half", 0.5)  # --timeout
    assert stopped(run.test("test_half_random")["message"]) == ("half", 1)  # the module's mark
    assert run.test("test_last_random")["message"] == "stopped in last after 1.2 s of waiting time"  # its own
    assert run.test("test_last_figures")["message"] == "stopped in last after 2 s of waiting time"
    assert run.test("test_half_is_a_number")["outcome"] == "passed"
    assert run.test("test_last_random")["outcome"] == "timed_out"
    assert run.points == {**support.POINTS, "q1.half": 0, "q1.last": 0}
    assert run.results["complete"]
    assert "TIMED OUT" in run.out


# -- interruptions


class Polled:
    """A run whose results files are read all the time."""

    def __init__(self, course: Path, submission: Path, folder: Path, *arguments: str) -> None:
        self.paths = (folder / "results.json", folder / "gradescope.json")
        self.own = folder / "tmp"
        self.own.mkdir(parents=True)
        line = support.command(
            course / "assignments/q1", *support.WITHOUT, "--submission", submission, *arguments
        )
        for option, path in zip(("--results", "--gradescope"), self.paths, strict=True):
            line += [option, str(path)]
        self.process = subprocess.Popen(
            line,
            cwd=folder,
            env=support.environment(self.own),
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            preexec_fn=support.heed_signals,
        )

    def results(self) -> dict:
        """Both files as they stand, the first returned; a file that is not whole raises."""
        json.loads(self.paths[1].read_bytes())
        return json.loads(self.paths[0].read_bytes())

    def until_judged(self, count: int) -> None:
        """Wait until so many tests have been judged."""
        while self.process.poll() is None:
            if all(path.exists() for path in self.paths):
                tests = [test for q in self.results()["questions"] for test in q["tests"]]
                if sum(test["outcome"] != "not_run" for test in tests) >= count:
                    return
            time.sleep(0.01)
        raise AssertionError("the run ended too soon")

    def gone(self) -> list[str]:
        """What is left of the run's processes after some patience."""
        deadline = time.monotonic() + 20
        while (left := support.left_behind(self.own)) and time.monotonic() < deadline:
            time.sleep(0.1)
        return left


@pytest.fixture
def slow(tmp_path) -> Path:
    """A right submission that takes its time."""
    content = {name: right_but(name, SLOW) for name in support.FILES}
    return support.submit(tmp_path / "slow", content)


@pytest.mark.slow
def test_results_are_whole_at_every_moment_and_the_judge_has_no_torch(tmp_path, course, slow):
    run = Polled(course, slow, tmp_path)
    seen, libraries = set(), set()
    while run.process.poll() is None:
        if run.paths[1].exists() and run.paths[0].exists():
            result = run.results()
            jsonschema.validate(result, support.SCHEMA)
            assert result["max_score"] == 100
            assert result["complete"] is (result["score"] == 100)
            if 0 < result["score"] < 100 and not libraries:
                libraries = {Path(each.path).name for each in psutil.Process(run.process.pid).memory_maps()}
            seen.add(result["score"])
        time.sleep(0.005)
    assert support.read_results(run.paths[0])["score"] == 100
    assert len(seen) > 5
    assert min(seen) == 0
    assert libraries
    assert not {name for name in libraries if "torch" in name}
    assert sorted(path.name for path in tmp_path.iterdir() if path.is_file()) == [
        "gradescope.json",
        "results.json",
    ]


@pytest.mark.parametrize(
    ("number", "status", "state"),
    [
        (signal.SIGKILL, -signal.SIGKILL, "running"),
        (signal.SIGTERM, 128 + signal.SIGTERM, "stopped"),
        (signal.SIGHUP, 128 + signal.SIGHUP, "stopped"),
        (signal.SIGINT, 2, "stopped"),
    ],
)
def test_a_run_that_is_cut_off_leaves_whole_results_and_no_processes(
    tmp_path, course, slow, number, status, state
):
    run = Polled(course, slow, tmp_path)
    run.until_judged(2)
    run.process.send_signal(number)
    assert run.process.wait(60) == status
    result = support.read_results(run.paths[0])
    said = support.read_gradescope(run.paths[1])
    assert result["state"] == state
    assert not result["complete"]
    assert 0 < result["score"] < 100
    assert result["max_score"] == 100
    assert said["output"].startswith("Grading ")
    assert run.gone() == []
    assert bool(support.litter(run.own)) is (number == signal.SIGKILL)  # which leaves nobody to clear up


KILLER = """
import os, pathlib, signal, pytest

@pytest.hookimpl(tryfirst=True)
def pytest_runtest_call(item):
    done = pathlib.Path(__file__).with_suffix(".done")
    if item.name == "test_double_random" and not done.exists():
        done.touch()
        os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.mark.slow
@pytest.mark.parametrize("restarts", [0, 1])
def test_what_a_dead_node_did_not_judge_is_not_run(tmp_path, course, right, restarts):
    (tmp_path / "killer.py").write_text(KILLER)
    path = os.pathsep.join([str(tmp_path), os.environ.get("PYTHONPATH", "")])
    nodes = ("-n", 2, "-p", "killer", "--max-worker-restart", restarts)
    run = support.grade(course, right, *nodes, folder=tmp_path, extra={"PYTHONPATH": path})
    assert run.results["max_score"] == 100
    assert support.left_behind(run.own) == []
    if restarts:  # another node took over, the test that was cut off included
        assert (run.results["score"], run.results["complete"]) == (100, True), run.said
        assert run.status == support.FAILED  # pytest's own count of the crash
    else:
        assert run.status == support.GRADER_ERROR, run.said
        assert run.test("test_double_random")["outcome"] == "not_run"
        assert run.test("test_double_figures")["outcome"] == "passed"
        assert not run.results["complete"]
        assert "test_double_random ended without a verdict" in " ".join(run.results["problems"])


def test_other_pytest_runs_are_left_alone(tmp_path):
    (tmp_path / "test_any.py").write_text("def test_any():\n    pass\n")
    done = subprocess.run(
        support.command(tmp_path, *support.WITHOUT), cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout
    assert "points" not in done.stdout

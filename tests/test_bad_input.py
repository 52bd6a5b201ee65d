"""What students hand in by accident: each kind gets a plain answer and harms no other question.

A row is one broken file. Rows are packed into submissions, at most one for each file, and each submission is
graded by a real run; ``last.py`` is right in all of them, its tests come late, and it must be paid each time.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest
import support

pytestmark = [pytest.mark.timeout(600), pytest.mark.slow]

ERROR, FAILED, LATE, NOT_STARTED, FINE = "submission_error", "failed", "timed_out", "not_started", "passed"


@dataclass(frozen=True)
class Row:
    """A broken file and what has to come of it.

    :param content: of the file; None leaves it out; a function makes something else in its place.
    :param outcome: of the file's question.
    :param words: what the question's message says.
    :param shown: what the public tests show beside: the exception's text, the line.
    :param points: a share of the question's.
    :param noted: what the run says about the file.
    """

    name: str
    file: str
    content: str | bytes | Callable[[Path], None] | None
    outcome: str
    words: tuple[str, ...] = ()
    shown: tuple[str, ...] = ()
    points: float = 0.0
    noted: str = ""


def right(name: str) -> str:
    """The right content of a file."""
    return (support.COURSE / "reference" / "q1" / name).read_text(encoding="utf-8")


def stub(name: str) -> str:
    """A file as it is handed out."""
    return (support.COURSE / "starter" / "q1" / name).read_text(encoding="utf-8")


def renamed(name: str) -> Callable[[Path], None]:
    """The right content under another name."""
    return lambda path: path.with_name(name).write_text(right(path.name), encoding="utf-8") and None


def half(body: str, before: str = "") -> str:
    return f"{before}\ndef half(x):\n    {body}\n"


def double(body: str, before: str = "") -> str:
    return f"import torch\n{before}\ndef double(x):\n    {body}\n"


def count(body: str, before: str = "") -> str:
    return f"{before}\ndef count(values, limit):\n    {body}\n"


def step(body: str, before: str = "") -> str:
    return f"import torch\n{before}\ndef step(weight, gradient, rate):\n    {body}\n"


NOTEBOOK = '{"cells": [], "metadata": {}, "nbformat": 4, "nbformat_minor": 5}'
LATIN = "NOTE = 'sch\xf6n'\n" + right("count.py")
HOSTILE_TEXT = "class Odd(Exception):\n    def __str__(self):\n        {}\n"
LEAVES_A_CHILD = """
import os, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        time.sleep(600)
    os._exit(0)
"""

ROWS = [
    # -- the file
    Row("missing file", "count.py", None, ERROR, ("count.py is missing",)),
    Row(
        "misnamed by one letter",
        "double.py",
        renamed("doubel.py"),
        ERROR,
        ("double.py", "'doubel.py'", "rename"),
    ),
    Row(
        "wrong case",
        "kinds.py",
        renamed("Kinds.py"),
        ERROR,
        ("kinds.py", "'Kinds.py'", "upper and lower case"),
    ),
    Row("second download", "step.py", renamed("step (1).py"), ERROR, ("step.py", "'step (1).py'", "copy")),
    Row(
        "notebook",
        "half.py",
        lambda path: path.with_suffix(".ipynb").write_text(NOTEBOOK) and None,
        ERROR,
        ("half.py is missing", "'half.ipynb'", "export"),
    ),
    Row("empty file", "kinds.py", "", ERROR, ("kinds.py defines no KINDS",), noted="kinds.py is empty"),
    Row("linked file", "double.py", lambda path: path.symlink_to("/etc/passwd"), ERROR, ("refused", "link")),
    Row(
        "folder of that name", "kinds.py", lambda path: path.mkdir(), ERROR, ("kinds.py", "refused", "folder")
    ),
    Row("pipe of that name", "count.py", os.mkfifo, ERROR, ("count.py", "refused", "pipe")),
    Row("9 MB", "step.py", "#" * (9 << 20), ERROR, ("step.py", "refused", "larger than 8 MiB")),
    # -- its text
    Row(
        "syntax error",
        "kinds.py",
        "KINDS = {\n  'linear': 'weights'\n  'relu': 1}\n",
        ERROR,
        ("line 3", "SyntaxError"),
    ),
    Row("tabs and blanks", "count.py", count("n = 0\n\treturn n"), ERROR, ("TabError", "line 4")),
    Row("Windows line ends", "kinds.py", right("kinds.py").replace("\n", "\r\n"), FINE, points=1),
    Row("byte-order mark", "double.py", b"\xef\xbb\xbf" + right("double.py").encode(), FINE, points=1),
    Row(
        "Latin-1 with a coding line",
        "kinds.py",
        f"# coding: latin-1\nNOTE = 'sch\xf6n'\n{right('kinds.py')}".encode("latin-1"),
        FINE,
        points=1,
    ),
    Row(
        "Latin-1 without one",
        "count.py",
        LATIN.encode("latin-1"),
        ERROR,
        ("count.py", "utf-8"),
        noted="save it as UTF-8",
    ),
    Row(
        "UTF-16",
        "kinds.py",
        right("kinds.py").encode("utf-16"),
        ERROR,
        ("kinds.py",),
        noted="save it as UTF-8",
    ),
    Row("null bytes", "step.py", "x = 1\0\n", ERROR, ("step.py", "null bytes"), noted="save it as UTF-8"),
    # -- the import
    Row("not installed", "kinds.py", "import sklearnx\n", ERROR, ("kinds.py, line 1", "sklearnx")),
    Row(
        "relative import",
        "count.py",
        "from .given import TWO\n" + right("count.py"),
        ERROR,
        ("line 1", "relative"),
    ),
    Row("import loops", "step.py", "while True:\n    pass\n", LATE, ("stopped in the import of step.py",)),
    Row("sys.exit at import", "kinds.py", "import sys\nsys.exit(0)\n", ERROR, ("SystemExit", "line 2")),
    Row(
        "os._exit at import",
        "count.py",
        "import os\nos._exit(0)\n",
        ERROR,
        ("import of count.py", "os._exit"),
    ),
    # -- the names
    Row(
        "missing function, near miss",
        "half.py",
        "def Halve(x):\n    return x\n",
        ERROR,
        ("no half", "is Halve"),
    ),
    Row(
        "missing function",
        "step.py",
        "def stop():\n    pass\n",
        ERROR,
        ("step.py defines no step", "is stop"),
    ),
    Row(
        "wrong signature",
        "count.py",
        "def count(values):\n    return 1\n",
        ERROR,
        ("count does not take", "argument"),
    ),
    Row("not a function", "half.py", "half = 2.0\n", ERROR, ("half", "not a function")),
    Row("stub", "double.py", stub("double.py"), NOT_STARTED, ("not started",)),
    Row("answer left None", "kinds.py", stub("kinds.py"), NOT_STARTED, ("not started",)),
    Row(
        "answer of another kind",
        "kinds.py",
        "KINDS = ['linear']\n",
        ERROR,
        ("KINDS", "a list", "dict[str, str]"),
    ),
    # -- the call
    Row("sys.exit", "half.py", half("import sys; sys.exit(0)"), ERROR, ("half called sys.exit", "line 3")),
    Row("os._exit", "step.py", step("import os; os._exit(0)"), ERROR, ("ended by itself", "os._exit")),
    Row(
        "exception",
        "count.py",
        count("return values['a']"),
        ERROR,
        ("TypeError", "line 3", "must be integers"),
    ),
    Row(
        "exception that will not say",
        "half.py",
        half("raise Odd", HOSTILE_TEXT.format("raise Odd")),
        ERROR,
        ("line 6",),
    ),
    Row(
        "exception without a text",
        "count.py",
        count("raise Odd", HOSTILE_TEXT.format("return 5")),
        ERROR,
        ("line 6",),
    ),
    Row(
        "exception that takes for ever",
        "step.py",
        step("raise Odd", HOSTILE_TEXT.format("while 1: pass")),
        LATE,
        ("stopped in your code",),
    ),
    Row("input()", "count.py", count("return int(input())"), ERROR, ("EOFError", "line 3")),
    Row(
        "endless printing",
        "step.py",
        step("while True: print('again and again')"),
        LATE,
        ("stopped in your code",),
    ),
    Row("endless recursion", "half.py", half("return half(x)"), ERROR, ("RecursionError", "line 3")),
    Row("crash", "count.py", count("import ctypes; ctypes.string_at(0)"), ERROR, ("killed", "signal 11")),
    Row(
        "memory bomb",
        "count.py",
        count("kept = ()\n    while 1: kept = (kept, bytes(1 << 25))"),
        ERROR,
        ("count raised MemoryError",),
    ),
    Row("leaves a child", "half.py", LEAVES_A_CHILD + right("half.py"), FINE, points=1),
    # -- the answer
    Row(
        "None for a number",
        "half.py",
        half("print(x / 2)"),
        ERROR,
        ("half gives None where float is asked",),
        ("3.5",),
    ),
    Row("bool for a number", "half.py", half("return True"), ERROR, ("True or False where float is asked",)),
    Row("text for a number", "half.py", half("return str(x / 2)"), ERROR, ("a text where float is asked",)),
    Row("NaN", "half.py", half("return float('nan')"), FAILED, ("is NaN or infinite",)),
    Row("inf", "half.py", half("return float('inf')"), FAILED, ("is NaN or infinite",)),
    Row(
        "list for a tensor",
        "double.py",
        double("return (2 * x).tolist()"),
        ERROR,
        ("a list where torch.Tensor is asked",),
    ),
    Row("wrong shape", "double.py", double("return (2 * x).reshape(-1, 1)"), FAILED, ("shape",)),
    Row(
        "wrong dtype",
        "double.py",
        double("return (2 * x).to(torch.int64)"),
        FAILED,
        ("holds integers where floating-point",),
    ),
    Row(
        "complex dtype",
        "double.py",
        double("return (2 * x).to(torch.complex64)"),
        ERROR,
        ("dtype complex64",),
    ),
    Row("sparse tensor", "step.py", step("return weight.to_sparse()"), ERROR, ("sparse",)),
    Row("NaN in a tensor", "double.py", double("return x / 0 * 0"), FAILED, ("is NaN or infinite",)),
    Row("1 GB", "double.py", double("return x.sum().expand(1 << 28)"), ERROR, ("a tensor of 1,024 MiB",)),
    Row(
        "40 MB",
        "double.py",
        double("return torch.zeros(10 << 20)"),
        ERROR,
        ("an answer of 40 MiB; at most 4 are",),
    ),
    Row("a generator", "step.py", step("yield weight"), ERROR, ("an object of type generator",)),
    Row("a tensor with a gradient", "double.py", double("return (2 * x).requires_grad_()"), FINE, points=1),
    Row(
        "a whole model", "step.py", step("return torch.nn.Linear(1, 1)"), ERROR, ("an object of type Linear",)
    ),
    Row("autograd by hand", "step.py", step("(weight + 0).sum().backward()"), ERROR, ("step",), ("by hand",)),
]


def packed(rows: list[Row]) -> list[list[Row]]:
    """Submissions: each takes the next row of every file."""
    by_file = {name: [row for row in rows if row.file == name] for name in support.FILES}
    runs = max(map(len, by_file.values()))
    return [[mine[at] for mine in by_file.values() if at < len(mine)] for at in range(runs)]


RUNS = packed(ROWS)


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    return support.copy_course(tmp_path_factory.mktemp("course") / "our course")


@pytest.fixture(scope="module")
def graded(course, tmp_path_factory) -> Callable[[int], support.Graded]:
    """Grades the submission with a number, once."""
    done: dict[int, support.Graded] = {}

    def one(number: int) -> support.Graded:
        if number not in done:
            folder = tmp_path_factory.mktemp("run")
            submission = support.submit(folder / "handed in")
            for row in RUNS[number]:
                path = submission / row.file
                path.unlink()
                if callable(row.content):
                    row.content(path)
                elif row.content is not None:
                    path.write_bytes(row.content if isinstance(row.content, bytes) else row.content.encode())
            done[number] = support.grade(course, submission, folder=folder)
        return done[number]

    return one


NUMBERED = [
    pytest.param(row, number, id=row.name, marks=pytest.mark.xdist_group(f"bad input {number}"))
    for number, rows in enumerate(RUNS)
    for row in rows
]
EACH_RUN = [
    pytest.param(number, id=f"run {number}", marks=pytest.mark.xdist_group(f"bad input {number}"))
    for number in range(len(RUNS))
]


@pytest.mark.parametrize(("row", "number"), NUMBERED)
def test_a_broken_file_gets_a_plain_answer(graded, row, number):
    run = graded(number)
    question = run.question(Path(row.file).stem)
    assert question["outcome"] == row.outcome, run.said
    assert question["points"] == row.points * question["max_points"]
    missing = [word for word in row.words if word not in question["message"]]
    assert not missing, question["message"]
    assert row.noted in " ".join(run.results["problems"])
    public = " ".join(f"{test['message']} {test['detail']} {test['output']}" for test in question["tests"])
    missing = [word for word in row.shown if word not in public]
    assert not missing, public


@pytest.mark.parametrize("number", EACH_RUN)
def test_the_other_questions_are_judged_as_if_nothing_had_happened(graded, number):
    run = graded(number)
    broken = {f"q1.{Path(row.file).stem}": row for row in RUNS[number]}
    for question in run.results["questions"]:
        if question["id"] not in broken:
            assert question["outcome"] == FINE, run.said
    shares = {name: broken[name].points if name in broken else 1 for name in support.POINTS}
    assert run.points == {name: points * shares[name] for name, points in support.POINTS.items()}
    assert run.results["complete"]
    assert run.results["state"] == "finished"
    assert run.results["max_score"] == 100
    red = any(row.outcome in (ERROR, FAILED, LATE) for row in broken.values())
    assert run.status == (support.FAILED if red else support.PASSED)
    assert run.gradescope["score"] == run.results["score"]


@pytest.mark.parametrize("number", EACH_RUN)
def test_a_run_leaves_neither_processes_nor_files(graded, number):
    run = graded(number)
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []


# -- what is not a single file's trouble


def graded_once(tmp_path: Path, submission: Path | None, *arguments: object, **more) -> support.Graded:
    """A run of its own, in a course of its own."""
    return support.grade(support.copy_course(tmp_path / "c"), submission, *arguments, folder=tmp_path, **more)


def no_folder(path: Path) -> None:
    """Nothing is there."""


def empty_folder(path: Path) -> None:
    path.mkdir()


def only_litter(path: Path) -> None:
    (path / "__MACOSX").mkdir(parents=True)
    (path / ".DS_Store").write_bytes(b"\0")


def some_file(path: Path) -> None:
    path.write_bytes(b"print(1)")


def broken_zip(path: Path) -> None:
    path.write_bytes(b"PK\3\4")


def two_submissions(path: Path) -> None:
    support.submit(path / "old")
    support.submit(path / "new")


@pytest.mark.parametrize(
    ("make", "words"),
    [
        (no_folder, "there is no folder"),
        (empty_folder, "is empty; it should hold half.py"),
        (only_litter, "is empty; it should hold half.py"),
        (some_file, "is a file; name the folder that holds half.py"),
        (broken_zip, "is not a zip that can be read (File is not a zip file): make the zip again"),
        (two_submissions, "holds several submissions ('new' and 'old')"),
    ],
)
def test_nothing_to_grade_is_said_at_once_and_in_the_results(tmp_path, make, words):
    make(tmp_path / "handed in")
    run = graded_once(tmp_path, tmp_path / "handed in")
    assert run.status == support.USAGE
    assert words in run.err
    assert "Traceback" not in run.said
    assert words in " ".join(run.results["problems"])
    assert words in run.gradescope["output"]
    assert (run.results["score"], run.results["max_score"]) == (0, 100)
    assert (run.results["complete"], run.results["state"]) == (False, "stopped")
    assert support.litter(run.own) == []


def test_the_untouched_starter_is_not_started_and_nothing_is_red(tmp_path):
    run = graded_once(tmp_path, None, "--color", "yes", cwd=tmp_path / "c")
    assert run.status == support.PASSED
    assert {question["outcome"] for question in run.results["questions"]} == {NOT_STARTED}
    assert (run.results["score"], run.results["complete"]) == (0, True)
    assert "15 not started" in run.out
    assert "\x1b[31m" not in run.out


LITTER = {
    "__MACOSX/._half.py": b"\0\5\x16\7",
    ".DS_Store": b"\0",
    "._last.py": b"\0",
    "__pycache__/half.cpython-311.pyc": b"\0",
}


@pytest.mark.parametrize("layout", ["Übung 1, Müller (2)", "unzipped/q1"])
def test_a_submission_is_found_where_an_unpacked_zip_puts_it(tmp_path, layout):
    support.submit(tmp_path / "från é" / layout)
    for name, content in LITTER.items():
        path = tmp_path / "från é" / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(content)
    run = graded_once(tmp_path, Path("från é"))
    assert run.results["score"] == 100, run.said
    assert run.results["problems"] == []


HARMFUL = {
    "torch.py": "raise SystemExit('shadowed')",
    "random.py": "raise SystemExit('shadowed')",
    "numpy/__init__.py": "raise SystemExit('shadowed')",
    "grader/__init__.py": "raise SystemExit('shadowed')",
    "given.py": "TWO = 5.0",
    "conftest.py": "raise SystemExit('loaded')",
    "sitecustomize.py": "raise SystemExit('loaded')",
    "test_hidden.py": "def test_all_is_well():\n    pass\n",
    "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--no-such-option'\n",
    "results.json": "{}",
}


def test_other_files_of_a_submission_are_not_read(tmp_path):
    submission = support.submit(tmp_path / "handed in", HARMFUL)
    uses = "import random\nimport torch\n" + right("half.py").replace(
        "x / TWO", "x / TWO + 0 * random.random()"
    )
    (submission / "half.py").write_text(uses)
    run = graded_once(tmp_path, submission)
    assert run.results["score"] == 100, run.said
    assert set(HARMFUL) - set(run.results["submission"]["ignored"]) == {
        "given.py",
        "numpy/__init__.py",
        "grader/__init__.py",
    }


def test_pytest_may_be_called_where_the_submission_lies(tmp_path, monkeypatch):
    submission = support.submit(tmp_path / "handed in", HARMFUL)
    script = shutil.which("pytest", path=str(Path(support.sys.executable).parent))
    monkeypatch.setattr(support, "command", lambda target, *rest: [script, str(target), *map(str, rest)])
    run = graded_once(tmp_path, Path(), cwd=submission)
    assert run.results["score"] == 100, run.said


def test_a_results_file_that_cannot_be_written_is_said(tmp_path):
    (tmp_path / "a file").write_text("")
    places = {"--results": tmp_path / "a file" / "r.json", "--gradescope": tmp_path / "a file" / "g.json"}
    options = [part for option in places.items() for part in option]
    run = graded_once(tmp_path, support.submit(tmp_path / "handed in"), *options)
    assert run.status == support.GRADER_ERROR
    assert "100 / 100" in run.out
    for place in places.values():
        assert f"Results file {place} is not up to date: Not a directory" in " ".join(run.out.split())

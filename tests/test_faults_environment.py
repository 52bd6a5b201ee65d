"""Odd environments: what shell, platform and machine may have set, closed, limited or left out."""

from __future__ import annotations

import ast
import json
import os
import subprocess
import sys
import sysconfig
import threading
from collections.abc import Callable
from pathlib import Path

import faults
import pytest
import support

from grader.results import json_file, terminal

pytestmark = [pytest.mark.slow, pytest.mark.timeout(300)]


def fine(run: support.Graded) -> None:
    """All is judged and paid, and nothing is left."""
    assert run.status == support.PASSED, run.said
    assert (run.results["score"], run.results["complete"]) == (100, True)
    assert run.results["problems"] == []
    assert run.gradescope["score"] == 100
    assert support.left_behind(run.own) == []
    assert support.litter(run.own) == []


def shell(script: str) -> Callable[[list[str]], list[str]]:
    """Run the command by a shell, which has it as "$@"."""
    return lambda line: ["bash", "-c", script, "bash", *line]


# -- variables

SHADOWS = ("torch.py", "numpy_like.py", "halves.py", "sitecustomize.py", "grader_extra.py")
VARIABLES = {
    "LC_ALL": "C",
    "LANG": "C",
    "PYTHONUTF8": "0",
    "PYTHONCOERCECLOCALE": "0",
    "PYTHONHASHSEED": "77",
    "PYTHONDONTWRITEBYTECODE": "1",
    "PYTHONWARNINGS": "error",
    "PYTHONPYCACHEPREFIX": "/nonexistent",
    "PYTEST_ADDOPTS": "-v -x --maxfail=1",
    "PYTEST_DEBUG_TEMPROOT": "/nonexistent",
    "COLUMNS": "20",
    "LINES": "3",
    "OMP_NUM_THREADS": "64",
    "TERM": "dumb",
}


def test_a_hostile_environment_changes_nothing(tmp_path: Path) -> None:
    hostile = tmp_path / "hostile"
    hostile.mkdir()
    for name in SHADOWS:
        (hostile / name).write_text("" if name == "sitecustomize.py" else "raise SystemExit('shadowed')\n")
    path = os.pathsep.join([str(hostile), os.environ.get("PYTHONPATH", "")])
    handed_in = faults.submission(tmp_path / "s", more="\nprint('\u00fcml\u00e4ut \u6570')\n")
    run = faults.grade(
        tmp_path,
        submission=handed_in,
        extra=VARIABLES | {"PYTHONPATH": path},
        wrap=lambda line: ["env", "-u", "HOME", "-u", "USER", *line],
    )
    fine(run)
    assert "100 / 100" in run.out
    printed = run.test("test_half_gives_a_number")["output"]
    assert printed.strip() == "\u00fcml\u00e4ut \u6570"


@pytest.mark.slow
def test_without_docstrings_titles_are_those_of_the_table(tmp_path: Path) -> None:
    run = faults.grade(tmp_path, extra={"PYTHONOPTIMIZE": "2"})
    fine(run)
    assert run.test("test_mean_document_numbers")["title"] == "The handout's mean."


# -- descriptors, limits, the terminal


def test_no_standard_input_few_descriptors_and_no_umask(tmp_path: Path) -> None:
    run = faults.grade(tmp_path, "-s", wrap=shell('ulimit -n 64; umask 000; exec "$@" <&-'))
    fine(run)
    assert (tmp_path / "results.json").stat().st_mode & 0o777 == 0o666


def test_a_reader_that_leaves_after_the_first_line(tmp_path: Path) -> None:
    """The run ends where pytest has nobody to speak to; the results say that it did."""
    run = faults.grade(tmp_path, "-v", wrap=shell('"$@" | head -n 1'))
    assert run.out.startswith("====")
    assert not run.results["complete"]
    assert run.results["state"] in ("starting", "stopped")
    faults.none_left(run.own)


@pytest.mark.parametrize("script", ['"$@" >&-', '"$@" <&- >&- 2>&-', '"$@" > /dev/full'])
def test_nowhere_to_print_to(tmp_path: Path, script: str) -> None:
    run = faults.grade(tmp_path, wrap=shell(script))
    assert run.status != support.PASSED
    assert (run.results["state"] in ("starting", "stopped"), run.results["complete"]) == (True, False)
    assert run.gradescope["output"].startswith("Grading ")
    faults.none_left(run.own)


def test_no_process_to_be_had(tmp_path: Path) -> None:
    """RLIMIT_NPROC counts for an ordinary user: not even the zygote can be started."""
    for folder in (tmp_path, *tmp_path.parents[:2]):
        folder.chmod(folder.stat().st_mode | 0o555)
    for name in ("tmp", "out"):
        (tmp_path / name).mkdir()
        (tmp_path / name).chmod(0o777)

    def limited(line: list[str]) -> list[str]:
        return faults.ordinary(["prlimit", "--nproc=1", *line])

    out = tmp_path / "out"
    options = ("--results", out / "results.json", "--gradescope", out / "gradescope.json")
    run = faults.grade(tmp_path, *options, wrap=limited, cwd=out)
    assert run.status == support.GRADER_ERROR, run.said
    found = support.read_results(out / "results.json")
    assert (found["complete"], found["score"]) == (False, 0)
    assert "passed" not in faults.outcomes(found).values()
    assert not support.read_gradescope(out / "gradescope.json")["extra_data"]["complete"]


@pytest.mark.parametrize("width", [1, 5, 20, 10_000])
def test_a_terminal_of_any_width_shows_the_table(tmp_path: Path, width: int) -> None:
    result = json_file.parse(RESULT.encode())
    for unicode in (True, False):
        text = terminal.render(result, width=width, unicode=unicode)
        assert "Isolation" in "".join(text.split()) or width < 20
        assert text.isascii() or unicode


RESULT = json.dumps(
    {
        "schema_version": 1,
        "assignment": "q1",
        "title": "T",
        "state": "finished",
        "complete": True,
        "score": 0.0,
        "max_score": 0.0,
        "bonus": 0.0,
        "questions": [],
        "problems": ["a problem " * 20],
        "submission": {"folder": "f", "files": [], "ignored": []},
        "submission_hash": "",
        "leaderboard": [],
        "isolation": "process",
        "layers": [],
        "device": "cpu",
        "seed": 1,
        "seed_source": "given",
        "versions": {},
        "artifacts": "",
        "part": "",
    }
)


# -- places


def test_places_with_blanks_accents_bytes_and_great_length(tmp_path: Path) -> None:
    home = tmp_path / "\u00dcbung 1 (neu), d\u00e9j\u00e0 vu"
    odd = Path(os.fsdecode(os.fsencode(home) + b"/\xfcber"))  # no UTF-8, as from an old zip
    long = tmp_path / "/".join(["long" * 50] * 12)
    for folder in (odd, long):
        folder.mkdir(parents=True)
    handed_in = faults.submission(odd)
    run = faults.grade(home, submission=handed_in, extra={"TMPDIR": str(long)}, cwd=tmp_path)
    fine(run)
    assert list(long.iterdir()) == []
    assert "\\udcfc" not in json.dumps(run.results["submission"])


# -- the clock

STEPS = """
import itertools, time
real, hours = time.time, itertools.cycle([0, -3600, 3600])
time.time = lambda: real() + next(hours)
"""


@pytest.mark.slow
def test_a_wall_clock_that_is_set_back_and_forth(tmp_path: Path) -> None:
    run = faults.grade(tmp_path, plugin=STEPS)
    fine(run)
    tests = [test for question in run.results["questions"] for test in question["tests"]]
    assert all(0 <= test["seconds"] < 60 for test in tests)


def test_nothing_that_is_measured_uses_the_wall_clock() -> None:
    """time.time and datetime.now step when a machine sets its clock; a date is all that they are good for."""
    found = []
    for path in sorted((support.TESTS.parent / "grader").rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Attribute) and ast.unparse(node) in (
                *("time.time", "time.time_ns", "datetime.now", "datetime.datetime.now"),
                *("datetime.utcnow", "datetime.datetime.utcnow", "datetime.date.today", "time.localtime"),
            ):
                found.append((path.name, ast.unparse(node)))
    assert found == [("calibrate.py", "datetime.datetime.now")]


# -- torch

BROKEN = {
    "missing": ("raise ModuleNotFoundError(\"No module named 'torch'\")", "No module named 'torch'"),
    "older": ("__version__ = '1.13.1'\ndef __getattr__(name): raise AttributeError(name)", "torch"),
}


@pytest.mark.parametrize("how", ["missing", pytest.param("older", marks=pytest.mark.slow)])
def test_a_torch_that_is_missing_or_too_old(tmp_path: Path, how: str) -> None:
    """In an environment of its own, whose torch comes before the installed one; the rest is what we have."""
    source, words = BROKEN[how]
    here = tmp_path / "environment"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", here], check=True)
    site = here / "lib" / f"python{sys.version_info[0]}.{sys.version_info[1]}" / "site-packages"
    (site / "torch").mkdir()
    (site / "torch" / "__init__.py").write_text(source, encoding="utf-8")
    (site / "torch-1.13.1.dist-info").mkdir()
    (site / "torch-1.13.1.dist-info" / "METADATA").write_text(
        "Metadata-Version: 2.1\nName: torch\nVersion: 1.13.1\n"
    )
    beside = sysconfig.get_path("purelib")
    (site / "beside.pth").write_text(f"import site; site.addsitedir({beside!r})\n", encoding="utf-8")
    run = faults.grade(tmp_path, wrap=lambda line: [str(here / "bin" / "python"), *line[1:]])
    assert run.status == support.GRADER_ERROR, run.said
    assert faults.outcomes(run.results) == faults.BROKEN
    assert (run.results["score"], run.results["complete"]) == (0, False)
    assert run.results["versions"]["torch"] == "1.13.1"
    assert "the zygote did not start" in run.out
    assert words in run.out
    assert support.litter(run.own) == []


# -- two at once


@pytest.mark.slow
def test_two_runs_into_the_same_files_from_the_same_folders(tmp_path: Path) -> None:
    """The same submission, results and TMPDIR: the last writer wins, every read is whole, nothing mixes."""
    place = faults.course(tmp_path / "course")
    handed_in = faults.submission(tmp_path / "s")
    paths = (tmp_path / "results.json", tmp_path / "gradescope.json")
    done: list[support.Graded] = []
    runs = [
        threading.Thread(target=lambda: done.append(support.grade(place, handed_in, folder=tmp_path)))
        for _ in range(2)
    ]
    for run in runs:
        run.start()
    while any(run.is_alive() for run in runs):
        for path in paths:
            if path.exists():
                json.loads(path.read_bytes())
    for run in runs:
        run.join()
    # What each read at its own end may be the other's, which was not finished yet.
    assert [run.status for run in done] == [support.PASSED] * 2, [run.said for run in done]
    last = json.loads(paths[0].read_bytes())
    assert (last["score"], last["complete"]) == (100, True)

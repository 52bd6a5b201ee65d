"""What the tests of the engine share: a small course of their own, in a folder of the test's own."""

from __future__ import annotations

import importlib.util
import shutil
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from processes import Served, serving

from grader import cli
from grader.config import Course
from grader.launch import Zygote

ROOT = Path(__file__).parents[1]

# Courses to be graded by tests, in a run of their own.
collect_ignore = ["course", "gpu_course", "small_course"]
# `tox -e report` installs what it needs to drive a browser. Where it is named, the file is collected even so,
# and fails.
if importlib.util.find_spec("axe_playwright_python") is None:
    collect_ignore.append("test_gradebook_report_browser.py")


@pytest.fixture
def small_course(tmp_path: Path) -> Course:
    """A copy of tests/small_course with one assignment, q1; it has what a release of it needs."""
    folder = tmp_path / "course"
    shutil.copytree(ROOT / "tests" / "small_course", folder)
    for file in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        shutil.copy(ROOT / file, folder / file)
    return Course(folder)


@pytest.fixture
def command(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> Callable[..., tuple[int, str, str]]:
    """Runs the command ``grader`` where the test is; gives status, stdout and stderr."""

    def run(*arguments: object) -> tuple[int, str, str]:
        monkeypatch.setattr(sys, "argv", ["grader", *map(str, arguments)])
        with pytest.raises(SystemExit) as ended:
            cli.main()
        said = capfd.readouterr()
        code = ended.value.code
        assert code is None or isinstance(code, int)
        return code or 0, said.out, said.err

    return run


@pytest.fixture
def grader(
    small_course: Course, monkeypatch: pytest.MonkeyPatch, command: Callable[..., tuple[int, str, str]]
) -> Callable[..., tuple[int, str, str]]:
    """The same in the small course."""
    monkeypatch.chdir(small_course.root)
    monkeypatch.delenv("GRADER_SECRET_FILE", raising=False)
    return command


@pytest.fixture(scope="session")
def zygote(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Zygote]:
    """One zygote for all tests that need workers and do it no harm."""
    launcher = Zygote(tmp_path_factory.mktemp("zygote"))
    launcher.wait_ready()
    yield launcher
    launcher.close()


@pytest.fixture
def serve(zygote: Zygote, tmp_path: Path) -> Iterator[Callable[..., Served]]:
    """Starts workers on a few lines of code: ``serve("def f(x): return x").f(1)``."""
    yield from serving(zygote, tmp_path)

"""What a submission carries beside the declared files never acts; a zip is graded like the folder it holds.

One submission has them all: settings of pytest, modules named like others, start-up files, stale bytecode.
Each would act where it were read, which is shown by itself; then all are graded as a folder and as a zip.
"""

from __future__ import annotations

import contextlib
import importlib._bootstrap_external as bootstrap
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
import support
from archives import zipped

pytestmark = [pytest.mark.timeout(300), pytest.mark.xdist_group("graded intake")]

# Right only where `random`, `numpy`, `torch` and `given` are what they should be.
HALF = """
import random
import numpy
import torch
import given

def half(x):
    if x < 0:
        raise ValueError
    modules = (random.Random, numpy.ndarray, torch.Tensor)
    return x / given.TWO + 0 * len(modules)
"""
WRONG = "import torch\ndef double(x):\n    return x\n"
RIGHT = "import torch\ndef double(x):\n    return 2 * x\n"

# Each writes its name into a folder and ends the process that reads it.
ACTS = "import pathlib\npathlib.Path({marks!r}, {name!r}).write_text('')\nraise SystemExit({name!r})\n"
MODULES = ["conftest.py", "sitecustomize.py", "usercustomize.py", "torch.py", "torch/__init__.py"]
MODULES += [
    "numpy/__init__.py",
    "random.py",
    "pytest.py",
    "pytest_timeout.py",
    "msgspec.py",
    "grader/__init__.py",
]
MODULES += [
    "grader/plugin.py",
    "test_public.py",
    "test_hidden.py",
    "bench.py",
    "bench_public.py",
    "measure.py",
]
# Each keeps pytest from running at all, or loads the module that acts.
SETTINGS = {
    "pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    ".pytest.ini": "[pytest]\naddopts = --no-such-option\n",
    "tox.ini": "[pytest]\naddopts = --no-such-option\n",
    "setup.cfg": "[tool:pytest]\naddopts = --no-such-option\n",
    "pyproject.toml": "[tool.pytest.ini_options]\naddopts = '--no-such-option'\n",
    ".env": "PYTEST_ADDOPTS=--no-such-option\n",
    "evil-1.0.dist-info/METADATA": "Metadata-Version: 2.1\nName: evil\nVersion: 1.0\n",
    "evil-1.0.dist-info/entry_points.txt": "[pytest11]\nevil = conftest\n",
    "assignment.toml": "title = 1\n",
    "points.toml": "broken\n",
    "results.json": "{}",
}


def stale(source: Path, code: str) -> tuple[str, bytes]:
    """Bytecode of other code that passes for the source's, by its time and size; its name and content."""
    state = source.stat()
    compiled = compile(code, str(source), "exec")
    content = bootstrap._code_to_timestamp_pyc(compiled, int(state.st_mtime), state.st_size)
    return f"__pycache__/{source.stem}.{sys.implementation.cache_tag}.pyc", bytes(content)


@pytest.fixture(scope="module")
def marks(tmp_path_factory) -> Path:
    """Where whatever acts leaves its name; anybody may write there."""
    folder: Path = tmp_path_factory.mktemp("marks")
    folder.chmod(0o777)
    return folder


@pytest.fixture(scope="module")
def submission(tmp_path_factory, marks) -> Path:
    """Right answers for q1.half, wrong ones for q1.double, and everything else that could act."""
    files = {name: ACTS.format(marks=str(marks), name=name.replace("/", "_")) for name in MODULES}
    files |= {"x.pth": f"import pathlib; pathlib.Path({str(marks)!r}, 'x.pth').write_text('')\n"}
    files |= SETTINGS | {"given.py": "TWO = 5.0\n", "half.py": HALF, "double.py": WRONG}
    folder = support.submit(tmp_path_factory.mktemp("box") / "handed in", files)
    name, content = stale(folder / "double.py", RIGHT)
    (folder / "__pycache__").mkdir()
    (folder / name).write_bytes(content)
    return folder


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Path:
    return support.copy_course(tmp_path_factory.mktemp("course") / "c")


@pytest.fixture(scope="module")
def as_folder(submission, course, tmp_path_factory) -> support.Graded:
    """Graded by ``pytest`` called where the submission lies."""
    script = shutil.which("pytest", path=str(Path(sys.executable).parent))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(support, "command", lambda target, *rest: [script, str(target), *map(str, rest)])
        folder = tmp_path_factory.mktemp("as folder")
        return support.grade(course, Path(), "-k", "half or double", folder=folder, cwd=submission)


@pytest.fixture(scope="module")
def as_zip(submission, course, tmp_path_factory) -> support.Graded:
    folder = tmp_path_factory.mktemp("as zip")
    paths = [path for path in submission.rglob("*") if path.is_file()]
    files = {f"Ann/{path.relative_to(submission).as_posix()}": path.read_bytes() for path in paths}
    (folder / "ann.zip").write_bytes(zipped(files))
    return support.grade(course, folder / "ann.zip", "-k", "half or double", folder=folder)


@pytest.fixture(params=["as_folder", "as_zip"])
def graded(request: pytest.FixtureRequest) -> support.Graded:
    run: support.Graded = request.getfixturevalue(request.param)
    return run


# -- each would act ------------------------------------------------------------------------------------------


def python(*arguments: object, cwd: Path, **extra: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, *map(str, arguments)],
        cwd=cwd,
        env=support.environment(cwd, extra),
        capture_output=True,
        text=True,
        timeout=60,
    )


@pytest.mark.parametrize("name", [*MODULES, "x.pth"])
def test_each_module_would_leave_a_mark(submission, marks, name) -> None:
    code = compile((submission / name).read_text(), name, "exec")
    with contextlib.suppress(SystemExit):
        exec(code, {})
    mark = marks / name.replace("/", "_")
    assert mark.exists()
    mark.unlink()


def test_the_bytecode_would_be_run_in_the_place_of_its_source(submission, tmp_path) -> None:
    for name in ("double.py", "__pycache__"):
        copy = shutil.copytree if (submission / name).is_dir() else shutil.copy2
        copy(submission / name, tmp_path / name)
    (tmp_path / "torch.py").touch()
    assert python("-c", "import double; print(double.double(2))", cwd=tmp_path).stdout == "4\n"
    shutil.rmtree(tmp_path / "__pycache__")
    assert python("-c", "import double; print(double.double(2))", cwd=tmp_path).stdout == "2\n"


ALIKE = [pytest.param(name, marks=pytest.mark.slow) for name in (".pytest.ini", "tox.ini", "setup.cfg")]


@pytest.mark.parametrize("name", ["pytest.ini", "pyproject.toml", *ALIKE])
def test_each_setting_would_stop_pytest(submission, tmp_path, name) -> None:
    shutil.copy(submission / name, tmp_path / name)
    done = python("-m", "pytest", *support.WITHOUT, "-p", "no:xdist", "-p", "no:grader", cwd=tmp_path)
    assert done.returncode == support.USAGE
    assert "--no-such-option" in done.stderr


# -- and does not --------------------------------------------------------------------------------------------


def test_nothing_beside_the_declared_files_acts(graded, marks) -> None:
    assert os.listdir(marks) == []
    assert graded.status == support.FAILED, graded.said
    assert graded.results["state"] == "finished"
    assert "no-such-option" not in graded.said


def test_answers_come_from_the_declared_sources_and_our_given_files(graded) -> None:
    assert graded.points["q1.half"] == support.POINTS["q1.half"], graded.said
    assert graded.points["q1.double"] == 0, graded.said
    assert graded.question("double")["outcome"] == "failed"
    assert graded.results["problems"] == []


def test_what_lies_beside_is_listed_and_hidden_files_are_not(graded) -> None:
    flat = {name for name in (*MODULES, *SETTINGS, "x.pth") if "/" not in name and not name.startswith(".")}
    assert set(graded.results["submission"]["ignored"]) == flat


def test_a_zip_gets_the_grade_and_the_hash_of_its_folder(as_folder, as_zip) -> None:
    assert as_zip.results["submission_hash"] == as_folder.results["submission_hash"]
    assert as_zip.results["seed"] == as_folder.results["seed"]
    assert as_zip.points == as_folder.points
    assert as_zip.status == as_folder.status
    assert as_zip.results["submission"]["files"] == as_folder.results["submission"]["files"]
    assert re.search(r"ann\.zip/Ann$", as_zip.results["submission"]["folder"])


def test_a_run_on_a_zip_leaves_neither_processes_nor_files(as_zip) -> None:
    assert support.left_behind(as_zip.own) == []
    assert support.litter(as_zip.own) == []

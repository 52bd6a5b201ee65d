"""A made-up class to be graded, and two ways to grade it one submission after another, to be measured beside
``grader batch``: Otter as an instructor starts it, and a plain pytest that imports what was handed in.

Of each assignment 60 % of the submissions are right (the reference and correct solutions in other styles),
30 % wrong (known mistakes), 10 % crash or cannot be read; none of these takes more than a second of its own.
Each file ends with a comment that no other has, so that no two submissions are the same.
"""

from __future__ import annotations

import ast
import json
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.config import Assignment, Course
from grader.mistakes import plant, read_mistakes

Kind = Literal["right", "wrong", "crashing"]
MIX: Mapping[Kind, float] = {"right": 0.6, "wrong": 0.3, "crashing": 0.1}
ROOT = Path(__file__).parents[2]
MOST_SECONDS = 600.0  # that one grading may take before it is ended


@dataclass(frozen=True)
class Made:
    """A submission's part for one assignment.

    :param name: the submission's folder.
    :param what: the solution, the known mistake, or the way it crashes.
    """

    name: str
    assignment: str
    kind: Kind
    what: str


@dataclass(frozen=True)
class Timed:
    """A submission that was graded.

    :param seconds: from the start of its process to the end, wall time.
    :param score: None if no grade came out.
    """

    name: str
    seconds: float
    score: float | None


# -- the class


def _dies_when_called(text: str) -> str:
    functions = [node.name for node in ast.parse(text).body if isinstance(node, ast.FunctionDef)]
    return f"{text}\n\ndef {functions[0]}(*args, **kwargs):\n    import os\n\n    os._exit(3)\n"


# What each does to the first file.
CRASHES: Mapping[str, Callable[[str], str]] = {
    "raises at import": lambda text: f"{text}\n\nraise RuntimeError('not finished')\n",
    "ends the process at import": lambda text: f"{text}\n\nimport os\n\nos._exit(0)\n",
    "ends the process when called": _dies_when_called,
    "recurses without end": lambda text: f"{text}\n\ndef deeper():\n    return deeper()\n\n\ndeeper()\n",
    "segmentation fault": lambda text: f"{text}\n\nimport ctypes\n\nctypes.string_at(0)\n",
    "empty": lambda text: "",
    "syntax error": lambda text: f"{text}\n\ndef unfinished(:\n",
    "misnamed": lambda text: text,
}


def make(
    course: Course,
    folder: Path,
    count: int,
    *,
    seed: int = 0,
    assignments: Sequence[str] = ("p1", "p2"),
) -> list[Made]:
    """Write ``count`` submissions into ``folder``, each with a folder per assignment; what they are.

    The same numbers make the same bytes. Which submission is of which kind is drawn for each assignment by
    itself; the shares of the kinds are exact up to rounding.

    :raises ConfigError: the course has no reference, or no such assignment.
    """
    made: list[Made] = []
    for name in assignments:
        assignment = course.assignment(name)
        draw = random.Random(f"{seed} {name}")
        kinds = _kinds(count)
        draw.shuffle(kinds)
        sources = {
            "right": _in_turns(["reference", *_alternatives(course, name)], draw),
            "wrong": _in_turns(_mistakes(course, assignment), draw),
            "crashing": _in_turns(list(CRASHES), draw),
        }
        for number, kind in enumerate(kinds):
            each = Made(f"s{number:04}", name, kind, next(sources[kind]))
            _write(course, assignment, each, folder / each.name / name)
            made.append(each)
    return made


def _kinds(count: int) -> list[Kind]:
    """So many of each kind that the shares of :data:`MIX` are kept from the beginning on."""
    taken = dict.fromkeys(MIX, 0)
    kinds: list[Kind] = []
    for number in range(1, count + 1):
        kind = max(MIX, key=lambda each: MIX[each] * number - taken[each])
        taken[kind] += 1
        kinds.append(kind)
    return kinds


def _in_turns(names: list[str], draw: random.Random) -> Iterator[str]:
    """All of them in a random order, again and again."""
    while True:
        yield from draw.sample(sorted(names), len(names))


def _alternatives(course: Course, assignment: str) -> list[str]:
    return [path.name for path in _reference(course, assignment).joinpath("alternatives").iterdir()]


def _mistakes(course: Course, assignment: Assignment) -> list[str]:
    """Those that a run without a GPU can see."""
    known = read_mistakes(_reference(course, assignment.id))
    return [name for name, mistake in known.items() if f"{mistake.module}.py" in assignment.files]


def _reference(course: Course, assignment: str) -> Path:
    reference = course.reference(assignment)
    assert reference is not None, "a student release has nothing to make a class of"
    return reference


def _write(course: Course, assignment: Assignment, made: Made, into: Path) -> None:
    into.mkdir(parents=True)
    reference = _reference(course, assignment.id)
    with tempfile.TemporaryDirectory() as scratch:
        source = reference
        if made.kind == "wrong":
            source = plant(course, assignment.id, made.what, Path(scratch))
        elif made.kind == "right" and made.what != "reference":
            source = reference / "alternatives" / made.what
        for number, file in enumerate(assignment.files):
            text = (source / file).read_text(encoding="utf-8")
            name = file
            if made.kind == "crashing" and number == 0:
                text = CRASHES[made.what](text)
                name = file.replace(".py", " (1).py") if made.what == "misnamed" else file
            remark = f"# {made.name}, {assignment.id}: handed in on time\n"
            (into / name).write_text(text + remark, encoding="utf-8")


# -- one after another


def otter_zip(course: Course, assignment: str, into: Path, *, python: str = sys.executable) -> Path:
    """What ``otter run`` grades with.

    :param python: of an environment that has the extra ``otter``.
    """
    command = [python, "-m", "grader.cli", "build", "otter", assignment, "--out", str(into)]
    command += ["--torch-index", ""]
    subprocess.run(command, cwd=course.root, check=True, stdout=subprocess.DEVNULL, timeout=MOST_SECONDS)
    return into / f"otter-{assignment}.zip"


def with_otter(
    folder: Path, assignment: str, autograder: Path, scratch: Path, *, python: str = sys.executable
) -> list[Timed]:
    """``otter run`` on each submission, as docs/otter.md has it.

    :param folder: as :func:`make` wrote it.
    :param autograder: of :func:`otter_zip`.
    """
    timed = []
    for submission in sorted(folder.iterdir()):
        own = scratch / submission.name
        own.mkdir(parents=True)
        with zipfile.ZipFile(own / "handed-in", "w") as archive:
            for file in sorted((submission / assignment).iterdir()):
                archive.write(file, file.name)
        command = [
            python,
            "-m",
            "otter",
            "run",
            "handed-in",
            "-a",
            str(autograder.absolute()),
            "-o",
            ".",
            "--no-logo",
        ]
        seconds = _run(command, own, {"HOME": str(own)})
        timed.append(Timed(submission.name, seconds, otter_score(own / "results.json")))
        shutil.rmtree(own)
    return timed


def otter_score(results: Path) -> float | None:
    """Of Otter's results.json; None if there is none."""
    if not results.is_file():
        return None
    return round(sum(test["score"] for test in json.loads(results.read_bytes())["tests"]), 6)


# The hidden tests as a suite would be written without a grader: what was handed in is imported into pytest's
# own process, beside the reference, and an exception of it is an answer to be compared.
IN_ONE_PROCESS = """
import msgspec

from grader import inprocess
from grader.options import Options
from grader.worker import raising

carried_out = inprocess.InProcessWorker.request

def request(self, message, buffers, allowance):
    try:
        return carried_out(self, message, buffers, allowance)
    except Exception as error:
        said = raising.raised(message.id, error, "call", "")
        # A suite of plain asserts does not ask whether the exception was meant.
        return msgspec.structs.replace(said, file=None, line=None, source="raise"), bytearray()

inprocess.InProcessWorker.request = request
Options.refuse_hidden = lambda self, file: None
"""


def with_plain_pytest(
    course: Course, folder: Path, assignment: str, scratch: Path, *, python: str = sys.executable
) -> list[Timed]:
    """The assignment's tests, public and hidden, in a pytest of one process for each submission.

    Nothing is kept apart: a submission that ends the process ends pytest, and there is no grade.

    :param folder: as :func:`make` wrote it.
    """
    scratch.mkdir(parents=True, exist_ok=True)
    (scratch / "in_one_process.py").write_text(IN_ONE_PROCESS, encoding="utf-8")
    inherited = os.environ.get("PYTHONPATH")
    extra = {"PYTHONPATH": os.pathsep.join([str(scratch), *([inherited] if inherited else [])])}
    plain = ["-q", "-p", "no:cacheprovider", "-p", "no:benchmark", "-p", "no:hypothesispytest"]
    timed = []
    for submission in sorted(folder.iterdir()):
        results = scratch / "results.json"
        results.unlink(missing_ok=True)
        command = [python, "-m", "pytest", f"assignments/{assignment}", *plain, "-p", "in_one_process"]
        command += ["--isolation", "none", f"--submission={submission}", f"--results={results}"]
        seconds = _run(command, course.root, extra)
        timed.append(Timed(submission.name, seconds, pytest_score(results)))
    return timed


def pytest_score(results: Path) -> float | None:
    """Of a file that a killed run may have left unfinished."""
    try:
        said = json.loads(results.read_bytes())
    except (OSError, ValueError):
        return None
    return float(said["score"]) if said.get("state") == "finished" else None


def _run(command: Sequence[str], folder: Path, extra: Mapping[str, str]) -> float:
    """Seconds to its end, whatever the end is.

    :raises subprocess.TimeoutExpired: it does not come.
    """
    began = time.perf_counter()
    subprocess.run(
        command,
        cwd=folder,
        env={**os.environ, **extra},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        timeout=MOST_SECONDS,
        check=False,
    )
    return time.perf_counter() - began

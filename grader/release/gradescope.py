"""Builds the zip that Gradescope makes an autograder image of: one assignment, its reference and the engine.

The platform runs ``setup.sh`` once as root when it builds the image, and ``run_autograder`` for every
submission, with the zip unpacked in ``/autograder/source``.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from grader.config import Course
from grader.faults import GraderFault
from grader.points import question_points, read_points
from grader.release.archive import STAMP, engine_files, write_folder, write_zip
from grader.release.pages import engine_version, render
from grader.release.student import Built
from grader.seeds import PUBLIC_DEFAULT, load_secret

TORCH_INDEX = "https://download.pytorch.org/whl/cpu"
MINUTES = 10.0  # the platform's default; it is 40 at most
RESERVE_SECONDS = (
    30  # for starting up and writing the answer: past the platform's limit a student sees nothing
)
SCRIPTS = frozenset({"setup.sh", "run_autograder"})


def build_gradescope(
    course: Course,
    assignment_id: str,
    out: Path,
    *,
    torch_index: str = TORCH_INDEX,
    minutes: float = MINUTES,
    secret: Path | None = None,
) -> Built:
    """Builds the autograder of one assignment as a folder and a zip in ``out``.

    :param torch_index: package index that setup.sh takes torch from; empty for pip's own with its GPU build.
    :param minutes: the time limit that is set on the platform.
    :param secret: file with the course secret; None takes the one that the environment names, if any.
    :raises GraderFault: no such assignment, no reference, an unreadable secret, or an impossible limit.
    """
    if not 1 < minutes <= 40:
        raise GraderFault(f"a time limit of {minutes:g} minutes: the platform allows 40, and 1 is too short")
    tree = gradescope_tree(course, assignment_id, torch_index=torch_index, minutes=minutes, secret=secret)
    built = Built(out / f"gradescope-{assignment_id}", out / f"gradescope-{assignment_id}.zip")
    write_folder(tree, built.folder, SCRIPTS)
    write_zip(tree, built.archive, executable=SCRIPTS)
    return built


def gradescope_tree(
    course: Course, assignment_id: str, *, torch_index: str, minutes: float, secret: Path | None
) -> dict[str, bytes]:
    """The zip's files: relative path -> content."""
    assignment = course.assignment(assignment_id)
    reference = course.reference(assignment_id)
    if reference is None:
        raise GraderFault(f"{course.root} has no reference for {assignment_id}: hidden tests need it")
    tree = engine_files("course/grader")
    for folder in (assignment.folder, reference, course.starter(assignment_id)):
        for path in folder.rglob("*"):
            if path.is_file() and "__pycache__" not in path.parts:
                tree[f"course/{path.relative_to(course.root).as_posix()}"] = path.read_bytes()
    for file in ("pyproject.toml", "constraints.txt", "README.md", "LICENSE"):
        path = course.root / file
        if not path.is_file():
            raise GraderFault(f"{path}: the autograder needs this file, and it is not there")
        tree[f"course/{file}"] = path.read_bytes()
    loaded = load_secret(secret)
    if loaded.source != PUBLIC_DEFAULT:
        tree["secret"] = loaded.value + b"\n"
    tree[STAMP] = f"gradescope autograder of {assignment_id}, grader {engine_version()}\n".encode()
    tree["setup.sh"] = render(
        "gradescope/setup.sh.j2", torch_index=shlex.quote(torch_index) if torch_index else ""
    ).encode()
    fallback = json.dumps(
        _fallback(sum(question_points(read_points(assignment.points_path)).values())), indent=2
    )
    tree["run_autograder"] = render(
        "gradescope/run_autograder.j2",
        assignment=assignment_id,
        seconds=int(60 * minutes) - RESERVE_SECONDS,
        fallback=fallback,
    ).encode()
    return tree


def _fallback(max_score: float) -> dict[str, object]:
    """results.json for the case that the grader never gets to write its own."""
    text = (
        "The grader could not run. This is our fault, not your code's; your instructor will grade this again."
    )
    test = {
        "name": "Could not be judged",
        "score": 0.0,
        "max_score": max_score,
        "status": "failed",
        "output": text,
    }
    return {
        "score": 0.0,
        "output": text,
        "stdout_visibility": "hidden",
        "visibility": "visible",
        "tests": [test],
    }

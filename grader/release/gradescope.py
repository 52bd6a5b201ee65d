"""Builds the zip that Gradescope makes an autograder image of: one assignment, its reference and the engine.

The platform runs ``setup.sh`` once as root when it builds the image, and ``run_autograder`` for every
submission, with the zip unpacked in ``/autograder/source``.
"""

from __future__ import annotations

import json
import shlex
from pathlib import Path

from grader.config import Course
from grader.release.archive import STAMP, write_folder, write_zip
from grader.release.autograder import (
    MINUTES,
    RESERVE_SECONDS,
    TORCH_INDEX,
    checked_minutes,
    course_files,
    fallback,
    secret_file,
)
from grader.release.pages import engine_version, render
from grader.release.student import Built

SCRIPTS = frozenset({"setup.sh", "run_autograder"})


def build_gradescope(
    course: Course,
    assignment_id: str,
    out: Path,
    *,
    torch_index: str = TORCH_INDEX,
    minutes: float = MINUTES,
    secret: Path | None = None,
    part: str = "",
) -> Built:
    """Builds the autograder of one assignment as a folder and a zip in ``out``.

    :param torch_index: package index that setup.sh takes torch from; empty for pip's own with its GPU build.
    :param minutes: the time limit that is set on the platform.
    :param secret: file with the course secret; None takes the one that the environment names, if any.
    :param part: the part that this upload grades, as if there were no others; empty for the whole.
    :raises GraderFault: no such assignment or part, no reference, an unreadable secret, or an impossible
        limit.
    """
    checked_minutes(minutes)
    tree = gradescope_tree(
        course, assignment_id, torch_index=torch_index, minutes=minutes, secret=secret, part=part
    )
    name = "-".join(filter(None, ["gradescope", assignment_id, part]))
    built = Built(out / name, out / f"{name}.zip")
    write_folder(tree, built.folder, SCRIPTS)
    write_zip(tree, built.archive, executable=SCRIPTS)
    return built


def gradescope_tree(
    course: Course,
    assignment_id: str,
    *,
    torch_index: str,
    minutes: float,
    secret: Path | None,
    part: str = "",
) -> dict[str, bytes]:
    """The zip's files: relative path -> content."""
    assignment = course.assignment(assignment_id)
    if part:
        assignment = assignment.only(part)
    tree = {f"course/{path}": content for path, content in course_files(course, assignment_id).items()}
    tree |= secret_file(secret)
    what = f"{assignment_id}, part {part}" if part else assignment_id
    tree[STAMP] = f"gradescope autograder of {what}, grader {engine_version()}\n".encode()
    tree["setup.sh"] = render(
        "gradescope/setup.sh.j2", torch_index=shlex.quote(torch_index) if torch_index else ""
    ).encode()
    tree["run_autograder"] = render(
        "gradescope/run_autograder.j2",
        assignment=assignment_id,
        part=part,
        seconds=int(60 * minutes) - RESERVE_SECONDS,
        fallback=json.dumps(fallback(assignment), indent=2),
    ).encode()
    return tree

"""Builds the zip that Otter-Grader grades with: made by ``otter generate``, then completed with our course.

One zip serves ``otter run`` (the zip and a submission), ``otter grade`` and Gradescope (its setup.sh and
run_autograder).
"""

from __future__ import annotations

import importlib.util
import json
import shlex
import subprocess
import sys
import tempfile
import zipfile
from importlib import metadata
from pathlib import Path

from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.otter.layout import CONFIG, COURSE, ENTRY, OTHER_VERSION, VERSION, Settings, entry_notebook
from grader.release.archive import STAMP, write_folder, write_zip, zipped
from grader.release.autograder import (
    MINUTES,
    RESERVE_SECONDS,
    TORCH_INDEX,
    checked_minutes,
    course_files,
    fallback,
    max_score,
    secret_file,
)
from grader.release.pages import engine_version, render
from grader.release.student import Built

SCRIPTS = frozenset({"setup.sh", "run_autograder"})
OTTER_SECONDS = 45  # of the limit, for Otter's own start and its kernel, on half a core
GENERATE_SECONDS = 120
MISSING = "Otter-Grader is not installed here: pip install -e '.[otter]' -c constraints.txt"


def build_otter(
    course: Course,
    assignment_id: str,
    out: Path,
    *,
    notebook: bool = False,
    part: str = "",
    torch_index: str = TORCH_INDEX,
    minutes: float = MINUTES,
    secret: Path | None = None,
) -> Built:
    """Builds the autograder of one assignment as a folder and a zip in ``out``.

    :param notebook: students hand in a notebook. It matters to ``otter run`` alone: Otter takes exactly one
        notebook, and for modules that is one of ours.
    :param part: the part that is graded, as if there were no others; empty for the whole.
    :param torch_index: package index that setup.sh takes torch from; empty for pip's own with its GPU build.
    :param minutes: the time limit that is set on the platform.
    :param secret: file with the course secret; None takes the one that the environment names, if any.
    :raises GraderFault: no such assignment or part, no reference, an unreadable secret, an impossible limit,
        or no Otter.
    """
    checked_minutes(minutes)
    assignment = course.assignment(assignment_id)
    if part:
        assignment = assignment.only(part)
    parcel = {f"course/{path}": content for path, content in course_files(course, assignment_id).items()}
    parcel |= secret_file(secret)
    seconds = int(60 * minutes) - RESERVE_SECONDS
    settings = Settings(
        assignment=assignment_id,
        max_score=max_score(assignment),
        part=part,
        seconds=max(seconds - OTTER_SECONDS, seconds / 2),
    )
    tree = _generated(settings, notebook=notebook)
    tree[COURSE] = zipped(parcel)
    tree["setup.sh"] = render(
        "otter/setup.sh.j2", torch_index=shlex.quote(torch_index) if torch_index else "", course=COURSE
    ).encode()
    tree["run_autograder"] = render(
        "otter/run_autograder.j2",
        assignment=_named(assignment),
        seconds=seconds,
        fallback=json.dumps(fallback(assignment), indent=2),
    ).encode()
    tree["run_otter.py"] = render("otter/run_otter.py.j2").encode()
    tree[STAMP] = f"otter autograder of {_named(assignment)}, grader {engine_version()}\n".encode()
    name = "-".join(filter(None, ["otter", assignment_id, part, "notebook" if notebook else ""]))
    built = Built(out / name, out / f"{name}.zip")
    write_folder(tree, built.folder, SCRIPTS)
    write_zip(tree, built.archive, executable=SCRIPTS)
    return built


def _generated(settings: Settings, *, notebook: bool) -> dict[str, bytes]:
    """The files of the zip that ``otter generate`` makes."""
    if importlib.util.find_spec("otter") is None:
        raise GraderFault(MISSING)
    if (version := metadata.version("otter-grader")) != VERSION:
        raise GraderFault(f"{OTHER_VERSION} {version}")
    # No summary: it is a table of data frames, and the plugin's report says the same in words.
    config = {"plugins": [settings.as_plugin()], "print_summary": False}
    with tempfile.TemporaryDirectory(prefix="grader-otter-") as scratch:
        folder = Path(scratch)
        (folder / "tests").mkdir()
        test = render("otter/not_judged.py.j2", max_score=settings.max_score)
        (folder / "tests" / "not_judged.py").write_text(test)
        (folder / CONFIG).write_text(json.dumps(config))
        command = [sys.executable, "-I", "-m", "otter", "generate", "-o", "autograder.zip"]
        command += ["--python-version", "3.11"]
        if not notebook:
            (folder / ENTRY).write_text(entry_notebook())
            command.append(ENTRY)
        done = subprocess.run(
            command,
            cwd=folder,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=GENERATE_SECONDS,
        )
        if done.returncode:
            raise GraderFault(f"otter generate ended with status {done.returncode}:\n{done.stdout.strip()}")
        with zipfile.ZipFile(folder / "autograder.zip") as archive:
            return {name: archive.read(name) for name in archive.namelist()}


def _named(assignment: Assignment) -> str:
    return f"{assignment.id}, part {assignment.part}" if assignment.part else assignment.id

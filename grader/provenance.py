"""What graded: digests of the engine's and an assignment's files, by which two gradings are told apart."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path

from grader.config import Assignment, Course
from grader.faults import GraderFault
from grader.handed_in import hidden
from grader.results.batch import AssignmentVersion

ENGINE = Path(__file__).parent
FILE_DIGITS = 16  # of a file's digest, enough to see that it changed
# Folders of this package that run, prove or show gradings, or build what is handed out.
BESIDE = frozenset({"commands", "gradebook", "mutation", "otter", "regression", "release"})
UNUSED = frozenset({"alternatives"})  # other right solutions, which try the tests and judge nobody


def engine() -> str:
    """SHA-256 over the names and contents of this package's files."""
    return _total(_digests(ENGINE, ENGINE))


def judging() -> str:
    """The same without the files that take no part in a grade: another report changes nobody's points."""
    digests = _digests(ENGINE, ENGINE)
    return _total({name: digest for name, digest in digests.items() if name.split("/")[0] not in BESIDE})


def assignment_version(course: Course, assignment: Assignment) -> AssignmentVersion:
    """What an assignment's grades rest on: its folder, and the reference, or the given files of a release.

    :raises GraderFault: a file cannot be read.
    """
    solutions = course.reference(assignment.id) or course.starter(assignment.id)
    digests: dict[str, str] = {}
    for folder in (assignment.folder, solutions):
        digests |= _digests(folder, course.root)
    return AssignmentVersion(
        title=assignment.title,
        part=assignment.part,
        digest=_total(digests),
        files={name: digest[:FILE_DIGITS] for name, digest in digests.items()},
    )


def _digests(folder: Path, root: Path) -> dict[str, str]:
    """Path below ``root`` to SHA-256, sorted."""
    try:
        return {
            path.relative_to(root).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
            for path in sorted(_files(folder))
        }
    except OSError as error:
        raise GraderFault(f"{error.filename or folder} cannot be read: {error.strerror or error}") from None


def _files(folder: Path) -> Iterator[Path]:
    for path in folder.iterdir():
        if hidden(path.name) or path.name in UNUSED:
            continue
        if path.is_dir():
            yield from _files(path)
        elif path.is_file():
            yield path


def _total(digests: Mapping[str, str]) -> str:
    lines = "".join(f"{digest} {name}\n" for name, digest in sorted(digests.items()))
    return hashlib.sha256(lines.encode("utf-8", "surrogateescape")).hexdigest()

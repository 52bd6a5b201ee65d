"""What tells gradings apart: what graded, and what was handed in."""

from __future__ import annotations

import hashlib
import hmac
import tempfile
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import msgspec

from grader import provenance
from grader.config import Assignment, Course
from grader.controlling import versions
from grader.gradebook.model import Version
from grader.seeds import load_secret, slot_of
from grader.submission import SubmissionFolderError, collect

DIGITS = 16  # of a digest that only has to differ


@dataclass(frozen=True)
class Asked:
    """What is asked of each grading.

    :param part: grade this part of the assignments alone; empty for the whole.
    :param seed: instead of each submission's own.
    :param isolation: as the option of pytest; empty for the default.
    """

    part: str = ""
    seed: int | None = None
    isolation: str = ""


def assignment_of(course: Course, name: str, asked: Asked, device: str) -> Assignment:
    """An assignment as it is graded.

    :raises ConfigError: no such assignment or part.
    """
    assignment = course.assignment(name)
    if asked.part:
        assignment = assignment.only(asked.part)
    return assignment.with_optional() if device == "cuda" else assignment


def version(course: Course, name: str, asked: Asked, device: Literal["cpu", "cuda"]) -> Version:
    """What grades an assignment here and now.

    :raises ConfigError: no such assignment, or the course secret cannot be read.
    :raises GraderFault: a file of it cannot be read.
    """
    found = provenance.assignment_version(course, assignment_of(course, name, asked, device))
    made = Version(
        assignment=name,
        digest="",
        engine=_engine(),
        files=found.digest,
        title=found.title,
        part=found.part,
        parts=found.files,
        packages=versions(),
        seed=asked.seed,
        secret="" if asked.seed is not None else _secret(),
        isolation=asked.isolation,
        device=device,
    )
    digest = hashlib.sha256(msgspec.json.encode(made, order="deterministic")).hexdigest()
    return msgspec.structs.replace(made, digest=digest)


@cache
def _engine() -> str:
    """Of the code that this process has imported: what is written meanwhile is not what grades."""
    return provenance.judging()


def _secret() -> str:
    """That it is the same one, without a word of what it is."""
    secret = load_secret()
    return hmac.digest(secret.value, b"grader: which secret", hashlib.sha256).hex()[:DIGITS]


class Taken(msgspec.Struct, frozen=True):
    """What was handed in for an assignment.

    :param identity: a line of digests: of the files that are taken, with which it begins, and of what is
        wrong with the others, which a student is told.
    :param slot: which of the term's seeds they get.
    """

    identity: str
    slot: int = 0


def taken(course: Course, assignment: Assignment, path: Path) -> Taken:
    """What was handed in at ``path``, a folder, zip or notebook.

    :raises GraderFault: a given file of ours is missing.
    """
    with tempfile.TemporaryDirectory(prefix="grader-") as folder:
        try:
            found = collect(assignment, path, Path(folder), course.starter(assignment.id))
        except SubmissionFolderError as error:
            said = str(error).replace(str(path), "")
            return Taken("nothing-" + hashlib.sha256(said.encode("utf-8", "replace")).hexdigest())
    facts = ([(file.name, file.state.value) for file in found.files], found.notes)
    noted = hashlib.sha256(msgspec.json.encode(facts)).hexdigest()[:DIGITS]
    slot = slot_of(load_secret(), assignment.id, found.seed_digest)
    return Taken(f"{found.digest}-{noted}", slot)

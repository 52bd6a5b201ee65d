"""What the platform does around an autograder: its folders, a submission handed in, results.json read."""

from __future__ import annotations

import json
import math
import shutil
import zipfile
from collections.abc import Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jsonschema
from gradescope.chroot import CONTAINER, Chroot, Done, Running

SCHEMA = json.loads((Path(__file__).parent / "results.schema.json").read_text(encoding="utf-8"))
VALIDATOR = jsonschema.Draft202012Validator(SCHEMA)
ANSWER = "/autograder/results/results.json"
SETUP_SECONDS = 1800.0
RUN_SECONDS = 2400.0
INSTALLED = (
    "dpkg-query -W -f '${db:Status-Abbrev}${Package} ${Version}\\n' 'python3*' 'libpython3*' | grep ^ii"
)
METADATA = {
    "id": 1,
    "created_at": "2026-02-03T12:00:00.000000-08:00",
    "assignment": {
        "id": 7,
        "title": "p",
        "due_date": "2026-02-10T23:59:00.000000-08:00",
        "total_points": "100.0",
        "outline": [],
    },
    "users": [{"id": 3, "email": "a.student@example.edu", "name": "A Student"}],
    "previous_submissions": [],
    "submission_method": "upload",
}


@dataclass
class Graded:
    """What one submission got.

    :param answer: results.json, checked field by field; None where there is none.
    """

    answer: dict[str, Any] | None
    done: Done

    @property
    def score(self) -> float:
        assert self.answer is not None, self.done.said
        return float(self.answer["score"])

    @property
    def highest(self) -> float:
        """What can be had."""
        assert self.answer is not None, self.done.said
        return math.fsum(test["max_score"] for test in self.answer["tests"])

    @property
    def points(self) -> dict[str, float]:
        """Points by question."""
        found: dict[str, float] = {}
        assert self.answer is not None, self.done.said
        for test in self.answer["tests"]:
            question = test["tags"][0]
            found[question] = found.get(question, 0.0) + test["score"]
        return {question: round(points, 6) for question, points in found.items()}

    @property
    def output(self) -> str:
        """Everything that a student reads."""
        assert self.answer is not None, self.done.said
        return "\n".join([self.answer["output"], *(test["output"] for test in self.answer["tests"])])


@dataclass
class Built:
    """An image after setup.sh.

    :param before: what the image's own Python was, and ``after`` what it is.
    """

    done: Done
    before: dict[str, str]
    after: dict[str, str]


def own_python(chroot: Chroot) -> dict[str, str]:
    """What shows a change to the image's own Python: its program, its packages, what dpkg finds changed."""
    commands = {
        "program": "sha256sum $(realpath /usr/bin/python3)",
        "version": "/usr/bin/python3 -VV",
        "packages": "/usr/bin/python3 -m pip list --disable-pip-version-check",
        "installed": INSTALLED,
        "files": f"dpkg --verify $({INSTALLED} | cut -d ' ' -f 2)",
    }
    return {what: chroot.read("sh", "-c", command) for what, command in commands.items()}


@dataclass
class Platform:
    """An image with an autograder in it."""

    chroot: Chroot
    uploaded: Path | None = None

    def upload(self, archive: Path) -> None:
        """Unpack an autograder's zip where the platform does."""
        autograder = self.chroot.path("/autograder")
        shutil.rmtree(autograder, ignore_errors=True)
        for name in ("source", "submission", "results"):
            (autograder / name).mkdir(parents=True)
        with zipfile.ZipFile(archive) as found:
            found.extractall(autograder / "source")
        shutil.copy(autograder / "source" / "run_autograder", autograder)
        (autograder / "run_autograder").chmod(0o755)
        self.uploaded = archive

    def build(self, stage: str = CONTAINER, environment: Mapping[str, str] | None = None) -> Done:
        """Run setup.sh."""
        script = "/autograder/source/setup.sh"
        self.chroot.path(script).chmod(0o755)
        return self.chroot.run(script, seconds=SETUP_SECONDS, stage=stage, environment=environment)

    def hand_in(self, submission: Path | None, metadata: object = METADATA) -> None:
        """Lay a submission where the platform does, its owner's modes kept, and clear what was there.

        :param submission: None leaves the folder out.
        :param metadata: text is written as it is, None leaves the file out.
        """
        autograder = self.chroot.path("/autograder")
        for name in ("submission", "results"):
            shutil.rmtree(autograder / name, ignore_errors=True)
        (autograder / "results").mkdir()
        if submission is not None:
            shutil.copytree(submission, autograder / "submission", symlinks=True)
        told = autograder / "submission_metadata.json"
        told.unlink(missing_ok=True)
        if metadata is not None:
            told.write_text(metadata if isinstance(metadata, str) else json.dumps(metadata))

    def grade(self, submission: Path | None, metadata: object = METADATA, **options: Any) -> Graded:
        """Hand in and grade."""
        self.hand_in(submission, metadata)
        with self.grading(**options) as running:
            return ended(running)

    def grading(
        self, *, stage: str = CONTAINER, seconds: float = RUN_SECONDS, **options: Any
    ) -> AbstractContextManager[Running]:
        """Start run_autograder on what was handed in, for the block."""
        script = "/autograder/run_autograder"
        return self.chroot.start(script, seconds=seconds, stage=stage, cwd="/autograder", **options)


def ended(running: Running) -> Graded:
    """Wait for the end of a grading, and take what stands in results.json then."""
    done = running.wait()
    content = running.read(ANSWER)
    return Graded(None if content is None else checked(content), done)


def checked(content: bytes) -> dict[str, Any]:
    """The document, if the platform would take it; else whatever is wrong with it raises."""

    def refuse(constant: str) -> float:
        raise ValueError(f"{constant} is not JSON")

    found: dict[str, Any] = json.loads(content, parse_constant=refuse)
    VALIDATOR.validate(found)
    for test in found["tests"]:
        assert test["score"] <= test["max_score"], test
    highest = math.fsum(test["max_score"] for test in found["tests"])
    assert found["score"] <= highest + 1e-6, (found["score"], highest)
    numbers = [test["number"] for test in found["tests"] if "number" in test]
    assert len(numbers) == len(set(numbers)), numbers
    return found

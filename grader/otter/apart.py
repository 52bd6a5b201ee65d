"""Grades a submission with pytest in a process of its own, as Gradescope's ``run_autograder`` does.

Nothing of the caller's environment, working directory or import path reaches that process.
"""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import msgspec
import pytest

from grader import seeds
from grader.results import json_file
from grader.results.model import Result
from grader.scoring import UNJUDGED

KILL_AFTER = 10.0  # seconds that a run gets for writing its result once it was told to end
LOG_LINES = 40  # of pytest's output, kept for instructors where there is no result, or an incomplete one


@dataclass(frozen=True)
class Apart:
    """One grading.

    :param course: the folder that holds ``assignments/`` and ``pyproject.toml``.
    :param submission: a folder or a zip.
    :param part: of the assignment; empty for the whole.
    :param seconds: when it is told to end; what was judged by then stays.
    :param secret: file with the course secret, if there is one.
    :param metadata: Gradescope's submission_metadata.json, if there is one.
    :param scratch: a folder that nobody else may enter; the result and the log are written there.
    """

    course: Path
    assignment: str
    submission: Path
    scratch: Path
    seconds: float
    part: str = ""
    secret: Path | None = None
    metadata: Path | None = None

    @property
    def results(self) -> Path:
        return self.scratch / "result.json"

    @property
    def document(self) -> Path:
        return self.scratch / "gradescope.json"

    @property
    def log(self) -> Path:
        return self.scratch / "log.txt"

    def command(self) -> list[str]:
        """``-I``: neither PYTHONPATH nor the working directory says what is imported."""
        command = [sys.executable, "-I", "-B", "-m", "pytest"]
        command += [str(self.course / "assignments" / self.assignment)]
        command += ["-c", str(self.course / "pyproject.toml"), "--rootdir", str(self.course)]
        command += ["-p", "no:cacheprovider", "-q"]
        # Options in one word: a value that stands alone is a place where pytest looks for its settings.
        command += [f"--submission={self.submission}", f"--results={self.results}"]
        command += [f"--gradescope={self.document}", f"--artifacts={self.scratch / 'pictures'}"]
        if self.part:
            command.append(f"--part={self.part}")
        if self.metadata:
            command.append(f"--gradescope-metadata={self.metadata}")
        return command

    def environment(self) -> dict[str, str]:
        environment = {"PATH": "/usr/bin:/bin", "LANG": "C.UTF-8", "HOME": "/nonexistent"}
        if self.secret:
            environment[seeds.VARIABLE] = str(self.secret)
        return environment

    def run(self) -> Graded:
        """Starts it and waits for its end."""
        with self.log.open("wb") as log:
            child = subprocess.Popen(
                self.command(),
                cwd="/",
                env=self.environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
            )
            try:
                child.wait(self.seconds)
            except subprocess.TimeoutExpired:
                child.send_signal(signal.SIGINT)
                try:
                    child.wait(KILL_AFTER)
                except subprocess.TimeoutExpired:
                    child.kill()
            except BaseException:  # an interrupt must not leave the run behind
                child.terminate()
                raise
            finally:
                child.wait()
        return self._read(child.returncode)

    def _read(self, status: int) -> Graded:
        """
        :param status: pytest's exit status.
        """
        log = "\n".join(self.log.read_text(encoding="utf-8", errors="replace").splitlines()[-LOG_LINES:])
        try:
            document: dict[str, Any] = json.loads(self.document.read_bytes())
            if status == pytest.ExitCode.OK and not self.results.exists():
                # Too many uploads a day: what stands there is the result of an earlier one.
                return Graded(None, document, "this upload was not graded", log, ours=False)
            # The folder of pictures goes with the scratch; the document holds them.
            result = msgspec.structs.replace(json_file.parse(self.results.read_bytes()), artifacts="")
        except (OSError, ValueError) as error:
            return Graded(
                fault=f"the grader ended with status {status} and no usable result: {error}", log=log
            )
        if result.complete:
            return Graded(result, document, ours=False)
        fault = "; ".join(["not every test was judged", *result.problems])
        # A usage error tells what is wrong with the submission, unless the assignment itself cannot be read.
        unusable = status == pytest.ExitCode.USAGE_ERROR and result.max_score > 0
        return Graded(result, document, fault, log, ours=not unusable)


@dataclass(frozen=True)
class Graded:
    """What came of it.

    :param result: None if the grader could not run.
    :param document: Gradescope's results.json.
    :param fault: why the grade must not be used, in a line; empty if it may.
    :param log: the end of what pytest printed, for instructors; empty if all went well.
    :param ours: the grader is at fault, and not what was handed in.
    """

    result: Result | None = None
    document: dict[str, Any] = field(default_factory=dict)
    fault: str = ""
    log: str = ""
    ours: bool = True

    @property
    def judged(self) -> bool:
        """Whether any test was."""
        questions = self.result.questions if self.result else []
        return any(test.outcome not in UNJUDGED for question in questions for test in question.tests)

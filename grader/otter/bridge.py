"""The Otter plugin: Otter asks it for grades, and gets those of our grader.

Otter 7.0.0 would unpickle a ``.OTTER_LOG`` that was handed in, print the notebook with LaTeX, run the code in
a kernel, and the tests in that kernel. Its first call, ``before_grading``, comes before all of that: it
grades in a process of its own, and moves Otter to a folder that holds nothing of what was handed in. Whatever
Otter opens, imports, runs and tests from then on is ours.
"""

from __future__ import annotations

import json
import os
import shutil
import stat
import sys
import tempfile
import traceback
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import otter
from otter import execute

from grader.faults import GraderFault
from grader.otter import grades
from grader.otter.apart import Apart, Graded
from grader.otter.layout import COURSE, ENTRY, METADATA, OTHER_VERSION, VERSION, Settings, entry_notebook
from grader.release.autograder import NOT_THE_STUDENTS_FAULT, could_not_run
from grader.results import files, terminal

DISCARD = 9  # a port on which nothing listens: the kernel's log goes nowhere


class Bridge:
    """One grading. Otter makes it, and calls its methods in the order in which they stand here.

    :param submission_path: the notebook or script that Otter chose; only its name counts.
    :param plugin_config: the fields of :class:`grader.otter.layout.Settings`.
    """

    def __init__(
        self, submission_path: str | None, submission_metadata: dict[str, Any], plugin_config: dict[str, Any]
    ) -> None:
        self.settings = msgspec.convert(plugin_config, Settings)
        self.entry = Path(submission_path or ENTRY).name
        self.graded = Graded(fault="the grader was not called")
        self.stage: Path | None = None

    def before_grading(self, config: Any) -> None:
        """Grades, and moves Otter away from the submission.

        :param config: Otter's settings. No PDF is made: LaTeX prints whatever file a notebook tells it to,
            hidden tests too.
        """
        if otter.__version__ != VERSION:
            raise GraderFault(f"{OTHER_VERSION} {otter.__version__}")
        config.pdf, config.token, config.grade_from_log = False, None, False
        # What is imported from here on is not to depend on the working directory.
        sys.path[:] = [place for place in sys.path if os.path.isabs(place)]
        self._own = tempfile.TemporaryDirectory(prefix="grader-otter-")  # for this user alone
        own = Path(self._own.name)
        here = Path.cwd().parent  # Otter's working folder, with source/ and submission/
        root = Path(self.settings.root or here)
        try:
            if root == here:
                _take_back(here / "submission")
            self.graded = self._grade(root, here / "source", own)
        except Exception as error:
            self.graded = Graded(fault=f"{type(error).__name__}: {error}", log=traceback.format_exc())
        self.document = _document(self.graded, self.settings.max_score)
        if root != here:  # the grade is safe from here on, whatever becomes of Otter's kernel
            files.replace(root / "results" / "results.json", json.dumps(self.document).encode("ascii"))
        stage = own / "stage"
        shutil.copytree(here / "source" / "tests", stage / "tests")
        (stage / self.entry).write_text(entry_notebook() if self.entry.endswith(".ipynb") else "")
        os.chdir(stage)  # Otter goes back from there by a full path
        self.stage = stage

    def before_execution(self, submission: dict[str, Any]) -> dict[str, Any]:
        """Nothing to run.

        :param submission: what Otter read in the folder where it was sent: the notebook that does nothing.
        """
        if self.stage is None or Path.cwd() != self.stage.resolve():
            raise GraderFault("Otter is not where it was sent: nothing is run in a folder that was handed in")
        execute.start_server = _nobody_listens
        submission["cells"] = []
        return submission

    def after_grading(self, results: Any) -> None:
        """Our grade in place of what Otter found in the empty notebook."""
        grades.fill(results, self.graded.result, self.graded.fault, self.document)

    def generate_report(self) -> str:
        """The table of points, for whoever runs Otter; on Gradescope for instructors only."""
        utf8 = (sys.stdout.encoding or "").lower().replace("-", "").startswith("utf")
        text = terminal.render(self.graded.result, unicode=utf8) if self.graded.result else ""
        if self.graded.fault:
            whose = [NOT_THE_STUDENTS_FAULT] if self.graded.ours else []
            said = [f"This grade must not be used: {self.graded.fault}", *whose, self.graded.log]
            text = "\n".join([text, *said])
        return text

    def _grade(self, root: Path, source: Path, own: Path) -> Graded:
        course = root / "source" / "course"
        if not course.is_dir():  # no setup.sh has unpacked it: this is `otter run`
            with zipfile.ZipFile(source / COURSE) as archive:
                archive.extractall(own)
            course = own / "course"
        secret, metadata = course.parent / "secret", root / METADATA
        given = self.settings.root and metadata.is_file() and metadata.stat().st_size > len("{}\n")
        return Apart(
            course=course,
            assignment=self.settings.assignment,
            part=self.settings.part,
            submission=_handed_in(root / "submission"),
            secret=secret if secret.is_file() else None,
            metadata=metadata if given else None,
            seconds=self.settings.seconds,
            scratch=own,
        ).run()


def _nobody_listens() -> tuple[tuple[str, int], Callable[[], None]]:
    """In place of Otter's server for the kernel's log, which unpickles whatever this machine's users send."""
    return ("localhost", DISCARD), lambda: None


def _take_back(submission: Path) -> None:
    """Remove what Otter has put beside the files that were handed in."""
    (submission / ENTRY).unlink(missing_ok=True)
    shutil.rmtree(submission / "tests", ignore_errors=True)
    package = submission / "__init__.py"
    if package.is_file() and not package.stat().st_size:
        package.unlink()


def _handed_in(submission: Path) -> Path:
    """The folder, or the one zip in it: our intake looks into zips without unpacking them."""
    found = list(submission.iterdir())
    if len(found) == 1 and stat.S_ISREG(found[0].lstat().st_mode) and zipfile.is_zipfile(found[0]):
        return found[0]
    return submission


def _document(graded: Graded, max_score: float) -> dict[str, Any]:
    """results.json."""
    if not graded.document:
        return could_not_run(max_score)
    said = dict(graded.document)
    if graded.ours and not graded.judged:
        said["output"] = "\n".join(filter(None, [NOT_THE_STUDENTS_FAULT, said.get("output")]))
    return said

"""What is graded in a regression: solutions of an assignment whose grade is known beforehand."""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from grader.config import Assignment, Course
from grader.mistakes import read_mistakes
from grader.regression.touch import changed
from grader.tomlfile import ConfigError

Kind = Literal["reference", "starter", "alternative", "mistake", "mutant"]
ALTERNATIVES = "alternatives"  # beside a reference: a folder for each, with all files that are handed in


@dataclass(frozen=True)
class Solution:
    """A solution of one assignment.

    :param base: a folder that holds files of its own; what it lacks is the reference's.
    :param file: of which the text is ``text`` instead; empty if nothing is changed.
    :param questions: that it must lose points in; None: in all of them.
    :param changed: the names of the file that mean something else than in the reference; None: any may.
    """

    assignment: str
    kind: Kind
    name: str
    base: Path
    file: str = ""
    text: str = ""
    questions: frozenset[str] | None = frozenset()
    changed: frozenset[str] | None = None

    @property
    def id(self) -> str:
        """Unique in the assignment."""
        return self.kind if self.kind in ("reference", "starter") else f"{self.kind} {self.name}"

    @property
    def right(self) -> bool:
        """Whether it must earn everything."""
        return self.questions == frozenset()


def solutions(course: Course, assignment: Assignment) -> list[Solution]:
    """The reference, the starter, the alternatives and the known mistakes, in this order.

    :raises ConfigError: there is no reference here, or something in it cannot be read.
    """
    reference = reference_of(course, assignment)
    whole = Solution(assignment.id, "reference", "reference", reference)
    starter = course.starter(assignment.id)
    found = [whole, Solution(assignment.id, "starter", "starter", starter, questions=None)]
    found += _alternatives(assignment, reference)
    for name, mistake in read_mistakes(reference).items():
        file = f"{mistake.module}.py"
        if file in assignment.optional:  # its questions are judged on a GPU alone
            continue
        if file not in assignment.files:
            raise ConfigError(f"{reference}: mistakes/{name}.py: no module {mistake.module!r} is handed in")
        before = (reference / file).read_text(encoding="utf-8")
        text = f"{before}\n\n{mistake.source}"
        asked = frozenset(mistake.questions)
        names = changed(before, text)
        found.append(Solution(assignment.id, "mistake", name, reference, file, text, asked, names))
    return found


def reference_of(course: Course, assignment: Assignment) -> Path:
    """The reference's folder.

    :raises ConfigError: there is none: this is a student release.
    """
    reference = course.reference(assignment.id)
    if reference is None:
        raise ConfigError("this course has no reference: it is a student release")
    return reference


def _alternatives(assignment: Assignment, reference: Path) -> Iterator[Solution]:
    for folder in sorted(path for path in (reference / ALTERNATIVES).glob("[!._]*") if path.is_dir()):
        lacking = [name for name in assignment.files if not (folder / name).is_file()]
        if lacking:
            raise ConfigError(f"{folder}: an alternative has all files that are handed in, not {lacking[0]}")
        for name in assignment.files:
            try:
                ast.parse((folder / name).read_text(encoding="utf-8"))
            except SyntaxError as error:
                raise ConfigError(f"{folder / name}: line {error.lineno}: {error.msg}") from None
            except UnicodeDecodeError as error:
                raise ConfigError(f"{folder / name}: not UTF-8 (byte {error.start})") from None
        yield Solution(assignment.id, "alternative", folder.name, folder)


def lay_out(solution: Solution, assignment: Assignment, reference: Path, into: Path) -> Path:
    """Write a solution's files into a folder, as a student would hand them in."""
    into.mkdir(parents=True, exist_ok=True)
    for name in assignment.files:
        source = solution.base / name
        shutil.copyfile(source if source.is_file() else reference / name, into / name)
    if solution.file:
        (into / solution.file).write_text(solution.text, encoding="utf-8")
    return into

"""What a gate's figures rest on, as digests: whether they would come out otherwise today shows without a run.

Counted is what a measure can reach: its own function, and by name the definitions in the benches and in every
file beside it, data generator or module of the solution that is named itself. A name is a name wherever it is
defined, so that too much is counted rather than too little; comments, docstrings and layout do not count.
"""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator, Set
from dataclasses import dataclass, field
from pathlib import Path

import grader.datasets
from grader.config import Assignment
from grader.faults import GraderFault
from grader.names import defined, mentioned, statements

MEASURE = "measure"  # beside the names of solutions
REFERENCE = "reference"
ALWAYS = ("bench", "measure")  # a bench's functions are known by their own names alone
DIGITS = 16


@dataclass
class _File:
    """A module as its top-level statements.

    :param defines: the names that each of them binds; none for one that does something else.
    """

    path: Path
    statements: list[ast.stmt]
    defines: list[frozenset[str]]
    counted: set[int] = field(default_factory=set)

    @classmethod
    def read(cls, path: Path) -> _File:
        """:raises GraderFault: it does not parse."""
        try:
            found = statements(path.read_text(encoding="utf-8"))
        except SyntaxError as error:
            raise GraderFault(f"{path}: line {error.lineno}: {error.msg}") from None
        return cls(path, found, [defined(statement) for statement in found])

    def count(self, names: set[str]) -> Iterator[ast.stmt]:
        """Take in what these names reach; with the first definition also what is imported or only done."""
        named = self.path.stem in names or self.path.name.startswith(ALWAYS)
        for index, statement in enumerate(self.statements if named else ()):
            bound = self.defines[index]
            imported = isinstance(statement, ast.Import | ast.ImportFrom)
            reached = bool(bound & names) if bound else True
            if index not in self.counted and reached and (self.counted or (bound and not imported)):
                self.counted.add(index)
                yield statement

    def text(self) -> str:
        """What was counted, whatever it looks like."""
        return "\n".join(ast.dump(self.statements[index]) for index in sorted(self.counted))


def basis(assignment: Assignment, gate: str, solution: Path) -> tuple[str, str]:
    """Digests of what one gate's figures of one solution rest on.

    :param solution: the folder of the reference, or of it with a known mistake planted.
    :returns: of the measure with what it uses of ours, and of the solution.
    :raises GraderFault: a file does not parse, or there is no such measure.
    """
    return _basis(assignment, "measure.py", [assignment.gates[gate].measure], solution)


def race_basis(assignment: Assignment, race: str, solution: Path) -> tuple[str, str]:
    """The same of a race; its size counts as what it measures.

    :raises GraderFault: a file does not parse, or a function of measure_gpu.py is missing.
    """
    spec = assignment.races[race]
    whole = assignment.with_optional()
    named = [spec.measure, f"{spec.measure}_work"]
    measure, code = _basis(whole, "measure_gpu.py", named, solution, {spec.warm_up, *spec.run})
    sized = hashlib.sha256(f"{measure} {sorted(spec.size.items())}".encode())
    return sized.hexdigest()[:DIGITS], code


def _basis(
    assignment: Assignment, module: str, named: list[str], solution: Path, more: Set[str] = frozenset()
) -> tuple[str, str]:
    folder = assignment.folder
    measures = _File.read(folder / module)
    for name in named:
        if not any(name in defined for defined in measures.defines):
            raise GraderFault(f"{measures.path} has no function {name!r}")
    beside = [path for path in sorted(folder.glob("*.py")) if not path.name.startswith("test_")]
    data = sorted(Path(next(iter(grader.datasets.__path__))).glob("*.py"))
    ours = [measures, *(_File.read(path) for path in [*beside, *data] if path != measures.path)]
    handed_in = [solution / file for file in (*assignment.files, *assignment.given)]
    theirs = [_File.read(path) for path in handed_in if path.suffix == ".py" and path.is_file()]
    names = {*named, *more}
    while found := [statement for file in (*ours, *theirs) for statement in file.count(names)]:
        names.update(name for statement in found for name in mentioned(statement))
    if not any(file.counted for file in theirs):  # a measure that names nothing of it: all of it, then
        for file in theirs:
            file.counted.update(range(len(file.statements)))
    return _digest(ours), _digest(theirs)


def _digest(files: Iterable[_File]) -> str:
    hashed = hashlib.sha256()
    for file in files:
        if file.counted:
            text = file.text()
            hashed.update(f"{file.path.name} {len(text)}\n{text}".encode())
    return hashed.hexdigest()[:DIGITS]

"""What became of each solution, kept a line each, so that a regression that was stopped goes on."""

from __future__ import annotations

import ast
import hashlib
from collections.abc import Iterable, Iterator
from functools import cache
from pathlib import Path

import msgspec

import grader
from grader.calibration_runs import versions
from grader.config import Assignment
from grader.faults import Outcome
from grader.mistakes import Mistake, read_mistakes
from grader.regression.solutions import Solution
from grader.results import files

RUNS = ".regress"  # the folder of the course in which records are kept, by assignment; git does not see it
SEED = 20261  # of all gradings of a regression
FILE_NAME = "graded.jsonl"
HASHED = (".py", ".toml", ".json")  # of an assignment's folder and its reference's
# No grade depends on what came out last time, on the mutants that stay unseen, or on the bands of drawings.
NOT_HASHED = frozenset({"regress.toml", "equivalent.toml", "bands.json"})
CLEAR = 1e12  # margins end here: what differs in more than rounding is past every tolerance


class TestRecord(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of one test.

    :param mistake: the name of the known mistake that was named, or nothing.
    :param largest: of the deviations, in units of the tolerance, ``CLEAR`` at most; None: nothing compared.
    :param trivial: comparisons, of all ``comparisons``, that zeros or a shuffled answer would pass.
    """

    __test__ = False

    name: str
    question: str
    points: float
    max_points: float
    outcome: Outcome
    message: str
    mistake: str = ""
    cpu_seconds: float = 0.0
    largest: float | None = None
    comparisons: int = 0
    trivial: int = 0

    @property
    def lost(self) -> bool:
        """Whether it cost points; a test that brings none cannot."""
        return self.points < self.max_points


class Record(msgspec.Struct, frozen=True, forbid_unknown_fields=True, kw_only=True):
    """What became of one solution.

    :param solution: its id.
    :param tests: those that were run; ``passed`` more went through and are not listed.
    :param digest: of everything that they depend on: a record of other code is not used again.
    """

    assignment: str
    solution: str
    seed: int
    digest: str
    complete: bool
    problems: list[str]
    tests: list[TestRecord]
    seconds: float
    date: str
    versions: dict[str, str]
    passed: int = 0

    @property
    def lost(self) -> dict[str, float]:
        """Points lost, by question."""
        found: dict[str, float] = {}
        for test in self.tests:
            if test.lost:
                found[test.question] = round(found.get(test.question, 0.0) + test.max_points - test.points, 6)
        return found

    @property
    def named(self) -> set[str]:
        """The known mistakes that the student was told of."""
        return {test.mistake for test in self.tests if test.mistake}


Key = tuple[str, int, str]  # solution, seed, digest


class RecordStore:
    """The records of one assignment in a folder that git does not see."""

    def __init__(self, folder: Path, *, resume: bool = True, name: str = FILE_NAME) -> None:
        """
        :param resume: find what stands there; else only what is added from now on, which then stands for it.
        :param name: of the file, for records of another kind.
        """
        folder.mkdir(parents=True, exist_ok=True)
        (folder / ".gitignore").write_text("*\n", encoding="ascii")
        self._path = folder / name
        self._records: dict[Key, Record] = {}
        self._unused: set[Key] = set()
        before = self._path.read_bytes() if self._path.is_file() else b""
        for record in _decode(before.splitlines()):
            self._add(record)
        if not resume:
            self._unused = set(self._records)
        # The next record would be written behind a line that was cut off. The file is replaced whole, and
        # only if it must be: what stands there took hours, and another run may be adding to it.
        if before and not before.endswith(b"\n"):
            lines = (msgspec.json.encode(record) + b"\n" for record in self._records.values())
            files.replace(self._path, b"".join(lines))

    def find(self, solution: str, seed: int, digest: str) -> Record | None:
        """What became of it, if that was found out before by the same code and versions.

        One that could not be judged is graded again: the machine may have been the reason.
        """
        key = solution, seed, digest
        found = self._records.get(key)
        if found is None or key in self._unused or not found.complete:
            return None
        return found if found.versions == versions() else None

    def latest(self, solution: str, seed: int) -> Record | None:
        """What became of it last, whatever has changed since."""
        found = [
            record
            for (name, with_seed, _), record in self._records.items()
            if (name, with_seed) == (solution, seed)
        ]
        return found[-1] if found else None

    def add(self, record: Record) -> None:
        """Keep a record; it is on disk when this returns."""
        self._add(record)
        with self._path.open("ab") as file:
            file.write(msgspec.json.encode(record) + b"\n")

    def _add(self, record: Record) -> None:
        key = record.solution, record.seed, record.digest
        self._records.pop(key, None)  # so that the latest stands last
        self._records[key] = record
        self._unused.discard(key)


def _decode(lines: Iterable[bytes]) -> Iterator[Record]:
    for line in lines:
        try:
            yield msgspec.json.decode(line, type=Record)
        except (msgspec.DecodeError, UnicodeDecodeError):
            continue


def digest(
    assignment: Assignment,
    reference: Path,
    solution: Solution,
    tests: Iterable[str],
    isolation: str | None = None,
) -> str:
    """Of the engine, the assignment, the reference, the mistakes that may be named, the solution, the choice
    of tests and the isolation that is asked for."""
    hashed = hashlib.sha256(_judge(assignment.folder, reference))
    module, declared = Path(solution.file).stem, solution.questions or frozenset()
    for name, mistake in _mistakes(reference).items():
        if mistake.module == module or declared & set(mistake.questions):
            hashed.update(f"{name} {len(mistake.source)}\n{mistake.source}".encode())
    for name in assignment.files:
        source = solution.base / name
        _take(hashed, source if source.is_file() else reference / name)
    hashed.update(f"{solution.file}\n{solution.text}\n".encode())
    hashed.update("\n".join([isolation or "", *sorted(tests)]).encode())
    return hashed.hexdigest()[:16]


@cache
def _mistakes(reference: Path) -> dict[str, Mistake]:
    return read_mistakes(reference)  # hundreds of files, for each of hundreds of solutions


@cache
def _judge(assignment: Path, reference: Path) -> bytes:
    hashed = hashlib.sha256()
    for path in sorted(_engine()):
        _take(hashed, path)
    for folder in (assignment, reference):
        for path in sorted(path for path in folder.iterdir() if path.suffix in HASHED):
            if path.name not in NOT_HASHED:
                _take(hashed, path)
    return hashed.digest()


@cache
def _engine() -> frozenset[Path]:
    """The engine's modules that a grading may load: what the plugin and the tests import, and the worker."""
    package = Path(next(iter(grader.__path__)))
    wanted = {package / "plugin.py", package / "testing.py", *(package / "worker").glob("*.py")}
    wanted |= set((package / "datasets").glob("*.py"))
    seen: set[Path] = set()
    while wanted - seen:
        path = (wanted - seen).pop()
        seen.add(path)
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.ImportFrom) and node.module and node.module.split(".")[0] == package.name:
                names = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
                wanted |= {file for name in names if (file := _file(package, name)) is not None}
    return frozenset(seen)


def _file(package: Path, name: str) -> Path | None:
    path = package.joinpath(*name.split(".")[1:])
    for file in (path.with_suffix(".py"), path / "__init__.py"):
        if path != package and file.is_file():
            return file
    return None


def _take(hashed: hashlib._Hash, path: Path) -> None:
    content = path.read_bytes()
    hashed.update(f"{path.name} {len(content)}\n".encode())
    hashed.update(content)

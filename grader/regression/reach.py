"""Which questions, and which of their tests, a change of one handed-in file can touch.

A test that never loads the changed file, or never calls what is changed in it, gives what it gave: it need
not run for each of hundreds of wrong solutions. Whoever mentions a name is taken to use it, so that too much
is run rather than too little.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path

from grader.config import Assignment
from grader.points import PlannedTest
from grader.regression.touch import Touch

WORD = re.compile(r"[A-Za-z_]\w*")


class Reach:
    """Of the files of one assignment.

    :param reference: whose imports tell what a file needs.
    """

    def __init__(self, assignment: Assignment, reference: Path, table: Sequence[PlannedTest]) -> None:
        self.assignment = assignment
        self.reference = reference
        self.table = table
        # A given file may load a handed-in one.
        names = [name for name in (*assignment.files, *assignment.given) if name.endswith(".py")]
        self.modules = {Path(name).stem for name in names}

    def questions(self, module: str) -> frozenset[str]:
        """The questions whose tests may load a module."""
        return frozenset(name for name, loaded in self._loaded.items() if module in loaded)

    def tests(self, module: str, names: frozenset[str] | None) -> frozenset[str]:
        """The tests that a change of these names of a module can touch.

        :param names: None: of whatever the module does.
        """
        found = set()
        for test in self.table:
            loaded = self._loaded[test.question]
            if module not in loaded:
                continue
            named = self._touch.of_test(test.test)
            if names is None or named is None or names & named or names & self._at_load(test.question):
                found.add(test.test)
        return frozenset(found)

    def _at_load(self, question: str) -> frozenset[str]:
        """The names that a test of it comes to by loading what it loads."""
        return frozenset[str]().union(*(self._touch.at_load(module) for module in self._loaded[question]))

    @cached_property
    def _touch(self) -> Touch:
        solved = [self.reference / f"{module}.py" for module in sorted(self.modules)]
        return Touch(
            tuple(sorted(self.assignment.folder.glob("*.py"))),
            tuple(path for path in solved if path.is_file()),
            {name: gate.measure for name, gate in self.assignment.gates.items()},
        )

    @cached_property
    def _loaded(self) -> Mapping[str, frozenset[str]]:
        needs = {
            module: self._mentioned(self.reference / f"{module}.py", imports=True) for module in self.modules
        }
        found = {}
        for name, question in self.assignment.questions.items():
            loaded = {Path(question.file).stem} | self._by_tests(name)
            while more := set().union(*(needs.get(module, set()) for module in loaded)) - loaded:
                loaded |= more
            found[name] = frozenset(loaded)
        return found

    def _by_tests(self, question: str) -> set[str]:
        """The modules that the files of its tests name, and what runs beside them."""
        files = {
            self.assignment.folder / test.test.split("::")[0]
            for test in self.table
            if test.question == question
        }
        seen: set[Path] = set()
        while files - seen:
            path = (files - seen).pop()
            seen.add(path)
            files |= self._helpers(path) | self._measures(path)
        return set().union(*(self._mentioned(path) for path in seen))

    def _helpers(self, path: Path) -> set[Path]:
        """Files of the assignment that define something which this one names."""
        words = self._words(path)
        return set().union(*(self._defined[word] for word in words if word in self._defined))

    def _measures(self, path: Path) -> set[Path]:
        """measure.py, if a file has a gate judge: the gate names the function, not the test."""
        text = path.read_text(encoding="utf-8")
        measure = self.assignment.folder / "measure.py"
        asked = any(gate in text for gate in self.assignment.gates)
        return {measure} if asked and measure.is_file() else set()

    @cached_property
    def _defined(self) -> Mapping[str, set[Path]]:
        """Names of functions and of files, to the files of the assignment's folder that are no tests."""
        found: dict[str, set[Path]] = defaultdict(set)
        for path in sorted(self.assignment.folder.glob("*.py")):
            if path.name.startswith("test_"):
                continue
            found[path.stem].add(path)
            for node in ast.parse(path.read_text(encoding="utf-8")).body:
                if isinstance(node, ast.FunctionDef | ast.ClassDef):
                    found[node.name].add(path)
        return found

    def _mentioned(self, path: Path, *, imports: bool = False) -> set[str]:
        if not path.is_file():
            return set()
        if not imports:
            return self._words(path) & self.modules
        tree = ast.parse(path.read_text(encoding="utf-8"))
        names = {
            alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
        }
        names |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
        return names & self.modules

    def _words(self, path: Path) -> set[str]:
        return set(WORD.findall(path.read_text(encoding="utf-8")))

"""Which names a change of a file concerns, and which tests mention them.

A test that neither mentions a changed function nor calls what does gives what it gave. Mentions are read from
the text, of the tests, of what lies beside them and of the reference, and followed from definition to
definition. What is put together when it runs is followed as far as its parts tell.
"""

from __future__ import annotations

import ast
import re
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

from grader.names import Definition, defined, looked_up, statements

DOTTED = re.compile(r"\w+(\.\w+)+")  # p4.captioner, training.fit
ANY = r"\w*"


def changed(before: str, after: str) -> frozenset[str] | None:
    """The top-level names of a module that mean something else afterwards; None: it cannot be told.

    :raises SyntaxError: one of both does not parse.
    """
    old, new = _dumped(before), _dumped(after)
    names: set[str] = set()
    for dump in old.keys() ^ new.keys():
        bound = _bound(old[dump] if dump in old else new[dump])
        if bound is None:
            return None
        names |= bound
    return frozenset(names)


@lru_cache(maxsize=4)  # hundreds of mistakes change the same file
def _dumped(text: str) -> Mapping[str, ast.stmt]:
    """The statements by what they are, wherever they stand."""
    return {ast.dump(statement): statement for statement in statements(text)}


def _bound(statement: ast.stmt) -> frozenset[str] | None:
    """The names that a statement gives another meaning; None if it may do anything else."""
    if isinstance(statement, Definition | ast.Import | ast.ImportFrom):
        return defined(statement)
    if not isinstance(statement, ast.Assign | ast.AnnAssign):
        return None
    names: set[str] = set()
    left: list[ast.expr] = [*statement.targets] if isinstance(statement, ast.Assign) else [statement.target]
    while left:
        target = left.pop()
        if isinstance(target, ast.Tuple | ast.List):
            left += target.elts
        elif isinstance(target, ast.Attribute | ast.Subscript):  # Block.forward = _forward
            left.append(target.value)
        elif isinstance(target, ast.Name):
            names.add(target.id)
        else:
            return None
    return frozenset(names)


@dataclass(frozen=True)
class Touch:
    """The tests of an assignment, its reference, and what lies beside them.

    :param beside: the files of the assignment's folder.
    :param solved: the files that are handed in or given, of the reference.
    :param measures: by a gate's id the function that it names in measure.py.
    """

    beside: tuple[Path, ...]
    solved: tuple[Path, ...]
    measures: Mapping[str, str]

    def of_test(self, test: str) -> frozenset[str] | None:
        """The names that a test can come to; None if it is no function at the top level of a file.

        :param test: such as ``test_hidden.py::test_x``.
        """
        named = self._tests.get(test)
        return None if named is None else self._closure(named)

    def at_load(self, module: str) -> frozenset[str]:
        """The names that a module comes to as soon as it is loaded."""
        return self._closure(self._loading[module])

    @cached_property
    def _files(self) -> dict[Path, list[ast.stmt]]:
        files = (*self.beside, *self.solved)
        return {path: statements(path.read_text(encoding="utf-8")) for path in files}

    @cached_property
    def _known(self) -> frozenset[str]:
        every = (statement for found in self._files.values() for statement in found)
        return frozenset(self.measures).union(*(defined(statement) for statement in every))

    @cached_property
    def _fixtures(self) -> frozenset[str]:
        return frozenset(
            statement.name
            for body in self._files.values()
            for statement in body
            if isinstance(statement, ast.FunctionDef)
            and any("fixture" in ast.unparse(each) for each in statement.decorator_list)
        )

    @cached_property
    def _mentions(self) -> Mapping[str, set[str]]:
        """By what is defined, whatever the file."""
        found: dict[str, set[str]] = defaultdict(set)
        for gate, measure in self.measures.items():
            found[gate].add(measure)
        for body in self._files.values():
            for statement in body:
                if isinstance(statement, ast.Import | ast.ImportFrom):
                    for alias in statement.names:
                        if alias.asname:  # else the name is its own
                            found[alias.asname].add(alias.name)
                elif not _test_name(statement):
                    names = self._named_in(statement)
                    for name in defined(statement):
                        found[name] |= names
        return found

    @cached_property
    def _tests(self) -> Mapping[str, frozenset[str]]:
        return {
            f"{path.name}::{name}": self._named_in(statement)
            for path in self.beside
            for statement in self._files[path]
            if (name := _test_name(statement))
        }

    @cached_property
    def _loading(self) -> Mapping[str, frozenset[str]]:
        found: dict[str, set[str]] = defaultdict(set)
        for path in self.solved:
            for statement in self._files[path]:
                for node in _done_at_load(statement):
                    found[path.stem] |= self._named_in(node)
        return defaultdict(frozenset, {name: frozenset(names) for name, names in found.items()})

    def _named_in(self, tree: ast.AST) -> frozenset[str]:
        names = {*looked_up(tree)}
        patterns = set()
        if isinstance(tree, ast.FunctionDef):  # a test's or a fixture's
            names |= {each.arg for each in (*tree.args.args, *tree.args.kwonlyargs)} & self._fixtures
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                names |= self._in_a_string(node.value)
            elif isinstance(node, ast.Call):
                names |= _split(node)
                patterns |= _asked_by_getattr(node)
            elif isinstance(node, ast.JoinedStr):
                patterns |= _composed(node)
        for pattern in patterns:
            names |= {name for name in self._known if re.fullmatch(pattern, name)}
        return frozenset(names & self._known)

    def _in_a_string(self, text: str) -> set[str]:
        """A gate, or a name with its module; other dotted words are questions."""
        if not DOTTED.fullmatch(text):
            return set()
        parts = text.split(".")
        return {text, *parts} if parts[0] in {path.stem for path in self.solved} else {text}

    def _closure(self, names: Iterable[str]) -> frozenset[str]:
        found = set(names)
        left = [*found]
        while left:
            more = self._mentions.get(left.pop(), set()) - found
            found |= more
            left += more
        return frozenset(found)


def _test_name(statement: ast.stmt) -> str:
    """A test's name; nothing for what is none."""
    if isinstance(statement, ast.FunctionDef) and statement.name.startswith("test_"):
        return statement.name
    return ""


def _done_at_load(statement: ast.stmt) -> Iterator[ast.AST]:
    """The parts of a top-level statement that call something while the module is loaded.

    A name that is only put somewhere means nothing until somebody takes it from there, by name again.
    """
    if isinstance(statement, ast.Import | ast.ImportFrom):
        return
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        yield from statement.decorator_list
        defaults = (*statement.args.defaults, *statement.args.kw_defaults)
        yield from (node for node in defaults if node is not None and _calls(node))
    elif isinstance(statement, ast.ClassDef):
        yield from (*statement.decorator_list, *statement.bases, *statement.keywords)
        for inner in statement.body:
            yield from _done_at_load(inner)
    elif _calls(statement) and not _as_a_program(statement):
        yield statement


def _as_a_program(statement: ast.AST) -> bool:
    """Whether it is ``if __name__ == "__main__"``, which is never done at load."""
    return isinstance(statement, ast.If) and ast.unparse(statement.test) == "__name__ == '__main__'"


def _calls(tree: ast.AST) -> bool:
    return any(isinstance(node, ast.Call) for node in ast.walk(tree))


def _split(call: ast.Call) -> set[str]:
    """The words of ``"one two".split()``."""
    asked = call.func
    if isinstance(asked, ast.Attribute) and asked.attr == "split" and isinstance(asked.value, ast.Constant):
        return set(re.findall(r"\w+", str(asked.value.value)))
    return set()


def _asked_by_getattr(call: ast.Call) -> set[str]:
    """Any name at all, where an f-string without a letter of its own is asked for."""
    if isinstance(call.func, ast.Name) and call.func.id == "getattr" and len(call.args) > 1:
        asked = call.args[1]
        if isinstance(asked, ast.JoinedStr) and not any(isinstance(x, ast.Constant) for x in asked.values):
            return {ANY}
    return set()


def _composed(text: ast.JoinedStr) -> set[str]:
    """``{rule}_step`` as the pattern of the names that may come of it."""
    parts = [str(part.value) if isinstance(part, ast.Constant) else None for part in text.values]
    written = [part for part in parts if part is not None]
    if not written or not all(re.fullmatch(r"\w+", part) for part in written):
        return set()
    return {"".join(ANY if part is None else part for part in parts)}

"""The bench of an assignment: our functions that run in the worker beside the subject's code.

The judge reads their names and return annotations from the syntax tree and sends their source along; it never
imports them, and no folder of the assignment is readable in a worker.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass
from pathlib import Path

from grader.faults import GraderFault
from grader.interface import read_members


@dataclass(frozen=True)
class BenchFunction:
    """One function of a bench file."""

    name: str
    origin: str
    source: str
    returns: ast.expr | None


class Bench:
    """Hands out the functions of every ``bench*.py`` of an assignment by name."""

    def __init__(self, folder: Path) -> None:
        """:raises GraderFault: a bench file does not parse, or two define the same name."""
        self._functions: dict[str, BenchFunction] = {}
        for path in sorted(folder.glob("bench*.py")):
            source = path.read_text(encoding="utf-8")
            try:
                members = read_members(source)
            except SyntaxError as error:
                raise GraderFault(f"{path}: line {error.lineno}: {error.msg}") from None
            for name, member in members.items():
                if not member.function or name.startswith("_"):
                    continue
                if name in self._functions:
                    raise GraderFault(f"{path}: {name} is defined in {self._functions[name].origin} too")
                self._functions[name] = BenchFunction(name, path.name, source, member.annotation)

    def __getattr__(self, name: str) -> BenchFunction:
        if name.startswith("_"):
            raise AttributeError(name)
        try:
            functions: dict[str, BenchFunction] = self.__dict__["_functions"]
            return functions[name]
        except KeyError:
            raise GraderFault(f"no bench function {name!r}") from None

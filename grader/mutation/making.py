"""Puts the operators' changes into a module's text and keeps those that make another program."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

import libcst as cst

from grader.config import Assignment
from grader.faults import GraderFault
from grader.mutation.marks import stretches
from grader.mutation.mutant import Mutant, identity, in_one_line, shortened, words
from grader.mutation.operators import OPERATORS
from grader.mutation.places import places
from grader.mutation.program import Program, program
from grader.mutation.tree import Change, Header, Removed, Tree

# What needs no parentheses anywhere.
ATOMS = (cst.Name, cst.Integer, cst.Float, cst.SimpleString)


@dataclass(frozen=True)
class Edit:
    """A stretch of the source and what stands there instead."""

    start: int
    end: int
    text: str


def mutants(assignment: Assignment, reference: Path) -> list[Mutant]:
    """Every mutant of the solutions in an assignment's handed-in files, in the order of the text.

    :param reference: the folder that holds them.
    :raises GraderFault: a file is missing, its marks are wrong, or it is not valid Python.
    """
    found: list[Mutant] = []
    for file in assignment.files:
        path = reference / file
        if not path.is_file():
            raise GraderFault(f"{path}: assignment.toml names this file, and it is not there")
        if path.suffix == ".py":
            found += mutants_of(path.read_text(encoding="utf-8"), file, assignment.questions)
    return found


def mutants_of(source: str, name: str, questions: Collection[str]) -> list[Mutant]:
    """Every mutant of one module's solutions, in the order of the text.

    :param name: the module's file name.
    :param questions: the ids that its marks may carry.
    :raises GraderFault: its marks are wrong, or it is not valid Python.
    """
    solved = stretches(source, name, questions)
    try:
        tree = Tree(source)
    except cst.ParserSyntaxError as error:
        raise GraderFault(f"{name}, line {error.raw_line}: not valid Python: {error.message}") from None
    maker = _Maker(tree, name)
    nodes = list(places(tree, solved))
    for operator in OPERATORS:
        for node, question in nodes:
            for change in operator.changes(node, tree):
                maker.add(node, question, operator.name, change)
    return sorted(maker.made, key=lambda mutant: (mutant.start, mutant.end))


class _Maker:
    """Collects a module's mutants, each program once."""

    def __init__(self, tree: Tree, name: str) -> None:
        self.made: list[Mutant] = []
        self._tree = tree
        self._name = name
        self._seen: dict[cst.CSTNode, set[Program]] = {}
        self._same: Counter[tuple[str, ...]] = Counter()

    def add(self, node: cst.CSTNode, question: str, operator: str, change: Change) -> None:
        """Makes the mutant, if the change gives a program that is neither the reference's nor made before."""
        edit = self._edit(node, change)
        if edit is None:
            return
        tree = self._tree
        if isinstance(change, Removed):
            before, after = tree.code(node), ""
        else:
            start, end = tree.header(tree.statement(node) or node)
            before = tree.source[start:end]
            after = tree.source[start : edit.start] + edit.text + tree.source[edit.end : end]
        function = tree.function(node)
        # An equal statement that stands in the same function again is told apart by its number.
        key = (question, operator, self._name, function, words(before), words(after))
        self._same[key] += 1
        shown = shortened(in_one_line(before), in_one_line(after))
        self.made.append(
            Mutant(
                id=identity(question, operator, *key[2:], str(self._same[key])),
                question=question,
                module=self._name,
                function=function,
                line=tree.line(node),
                operator=operator,
                before=shown[0],
                after=shown[1],
                original=tree.source,
                start=edit.start,
                end=edit.end,
                replacement=edit.text,
            )
        )

    def _edit(self, node: cst.CSTNode, change: Change) -> Edit | None:
        """The edit that makes the change; None if it gives no program, or one that there is."""
        if isinstance(change, Header):
            edit = Edit(*self._tree.header(node), change.text)
        else:
            edit = Edit(
                *self._tree.span(node), "" if isinstance(change, Removed) else self._tree.code(change)
            )
        found = self._program(node, edit)
        if (
            isinstance(change, cst.BaseExpression)
            and isinstance(node, cst.BaseExpression)
            and not isinstance(change, ATOMS)
            and not change.lpar
        ):
            # What binds less tightly than its surroundings needs parentheses; what stood in some keeps them.
            enclosed = Edit(edit.start, edit.end, f"({edit.text})")
            meant = self._program(node, enclosed)
            if meant is not None and (meant != found or node.lpar):
                edit, found = enclosed, meant
        top = self._tree.top(node)
        if top not in self._seen:
            original = self._program(node, Edit(0, 0, ""))
            self._seen[top] = {original} if original else set()
        if found is None or found in self._seen[top]:
            return None
        self._seen[top].add(found)
        return edit

    def _program(self, node: cst.CSTNode, edit: Edit) -> Program | None:
        """The edited statement of the module's body, compiled: the rest of the module stays as it is."""
        start, end = self._tree.span(self._tree.top(node))
        source = self._tree.source
        if edit.start < start:  # nothing is changed
            return program(source[start:end])
        return program(source[start : edit.start] + edit.text + source[edit.end : end])

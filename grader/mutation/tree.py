"""A module's syntax tree with its whitespace, and what an operator asks about the surroundings of a node."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeVar

import libcst as cst
from libcst.metadata import (
    MetadataWrapper,
    ParentNodeProvider,
    PositionProvider,
    WhitespaceInclusivePositionProvider,
)


@dataclass(frozen=True)
class Header:
    """In place of a node: the first line of a compound statement, whose body stays as it is."""

    text: str


@dataclass(frozen=True)
class Removed:
    """In place of a node: nothing."""


Change = cst.CSTNode | Header | Removed
"""What an operator puts in place of a node."""

LITERALS = (cst.SimpleString, cst.Tuple, cst.List, cst.Dict)
Node = TypeVar("Node", bound=cst.CSTNode)
Statement = cst.BaseSmallStatement | cst.BaseCompoundStatement | cst.Else


class Tree:
    """One module.

    :raises libcst.ParserSyntaxError: it is not valid Python.
    """

    def __init__(self, source: str) -> None:
        self.source = source
        wrapper = MetadataWrapper(cst.parse_module(source))
        self.module = wrapper.module
        self._parents = wrapper.resolve(ParentNodeProvider)
        self._whole = wrapper.resolve(WhitespaceInclusivePositionProvider)
        self._bare = wrapper.resolve(PositionProvider)
        self._every: dict[type[cst.CSTNode], list[cst.CSTNode]] = {}
        self._offsets = [0]
        for line in source.split("\n"):  # not splitlines: Python knows fewer line ends
            self._offsets.append(self._offsets[-1] + len(line) + 1)
        body = self.module.body
        self.defined = frozenset(
            statement.name.value
            for statement in body
            if isinstance(statement, cst.FunctionDef | cst.ClassDef)
        )
        """Names of the module's own functions and classes."""

    def every(self, kind: type[Node]) -> list[Node]:
        """All nodes of a kind, in the order of the text."""
        if kind not in self._every:
            found = [node for node in self._parents if isinstance(node, kind)]
            self._every[kind] = sorted(found, key=self.span)
        return [node for node in self._every[kind] if isinstance(node, kind)]

    def code(self, node: cst.CSTNode) -> str:
        """The node as text, inner lines without the indentation of its statement."""
        return self.module.code_for_node(node)

    def above(self, node: cst.CSTNode) -> Iterator[cst.CSTNode]:
        """The nodes around it, from the nearest to the module."""
        while not isinstance(node, cst.Module):
            node = self._parents[node]
            yield node

    def parent(self, node: cst.CSTNode) -> cst.CSTNode:
        return self._parents[node]

    def line(self, node: cst.CSTNode) -> int:
        """The line on which it begins, from 1."""
        return self._bare[node].start.line

    def lines(self, node: cst.CSTNode) -> tuple[int, int]:
        """Its first and last line."""
        place = self._bare[node]
        return place.start.line, place.end.line

    def span(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where it stands in the source, with the parentheses or the leading lines that are part of it."""
        place = self._whole[node]
        return self._at(place.start.line, place.start.column), self._at(place.end.line, place.end.column)

    def header(self, node: cst.CSTNode) -> tuple[int, int]:
        """Where a compound statement's text stands, from its first word to the colon; of others all of it."""
        if not isinstance(node, cst.BaseCompoundStatement | cst.Else):
            return self.span(node)
        start = self._bare[node].start
        if isinstance(node, cst.FunctionDef | cst.ClassDef) and node.decorators:
            start = self._bare[node.name].start
        return self._at(start.line, start.column), self.span(node.body)[0]

    def statement(self, node: cst.CSTNode) -> Statement | None:
        """The nearest statement that it is part of, or is."""
        for candidate in (node, *self.above(node)):
            if isinstance(candidate, cst.BaseSmallStatement | cst.BaseCompoundStatement | cst.Else):
                return candidate
        return None

    def top(self, node: cst.CSTNode) -> cst.CSTNode:
        """The statement of the module's own body that it is part of, or is."""
        *_, last = [found for found in (node, *self.above(node)) if not isinstance(found, cst.Module)]
        return last

    def function(self, node: cst.CSTNode) -> str:
        """The qualified name of the function or class whose body it stands in, as Python builds it."""
        parts: list[str] = []
        for outer in self.above(node):
            if isinstance(outer, cst.FunctionDef | cst.ClassDef):
                parts += (
                    ["<locals>", outer.name.value]
                    if isinstance(outer, cst.FunctionDef)
                    else [outer.name.value]
                )
            inner = outer
        assert isinstance(inner, cst.Module)
        return ".".join(parts[::-1]).removesuffix(".<locals>") or "<module>"

    def _at(self, line: int, column: int) -> int:
        return self._offsets[line - 1] + column


def last_name(node: cst.CSTNode) -> str:
    """``sum`` of ``sum`` and of ``x.sum``; empty where it is no name."""
    if isinstance(node, cst.Attribute):
        return node.attr.value
    return node.value if isinstance(node, cst.Name) else ""


def library(node: cst.CSTNode) -> str:
    """The last name in front of the dot: ``init`` of ``nn.init.ones_``; empty for a value's method."""
    return last_name(node.value) if isinstance(node, cst.Attribute) else ""


def called(node: cst.CSTNode) -> str:
    """The last name of what a call calls; empty where it is no call, or calls something without a name."""
    return last_name(node.func) if isinstance(node, cst.Call) else ""


def renamed(node: cst.Name | cst.Attribute, name: str) -> cst.Name | cst.Attribute:
    """The node with another last name."""
    if isinstance(node, cst.Attribute):
        return node.with_changes(attr=cst.Name(name))
    return node.with_changes(value=name)


def without(call: cst.Call, position: int) -> cst.Call:
    """The call without one of its arguments."""
    left = [argument for index, argument in enumerate(call.args) if index != position]
    if left:
        left[-1] = left[-1].with_changes(comma=call.args[-1].comma)
    return call.with_changes(args=left)


def with_value(call: cst.Call, position: int, value: cst.BaseExpression) -> cst.Call:
    """The call with another value of one of its arguments."""
    args = list(call.args)
    args[position] = args[position].with_changes(value=value)
    return call.with_changes(args=args)


def with_keyword(call: cst.Call, name: str, value: cst.BaseExpression) -> cst.Call:
    """The call with one more argument by keyword."""
    none = cst.SimpleWhitespace("")
    argument = cst.Arg(value, keyword=cst.Name(name), equal=cst.AssignEqual(none, none))
    return call.with_changes(args=[*call.args, argument])


def has_keyword(call: cst.Call, *names: str) -> bool:
    """Whether one of its arguments is given by one of these names."""
    return any(argument.keyword and argument.keyword.value in names for argument in call.args)


def swapped(call: cst.Call) -> Iterator[cst.Call]:
    """The call with two adjacent positional arguments swapped, for each pair of different ones."""
    for position, (first, second) in enumerate(itertools.pairwise(call.args)):
        plain = not (first.keyword or second.keyword or first.star or second.star)
        # A name, a list and a value are not taken for each other.
        alike = all(isinstance(first.value, kind) == isinstance(second.value, kind) for kind in LITERALS)
        if plain and alike and not first.value.deep_equals(second.value):
            yield with_value(with_value(call, position, second.value), position + 1, first.value)

"""Which nodes of a module may be changed: those of a solution that decide what it does."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import libcst as cst

from grader.mutation.marks import Stretch
from grader.mutation.tree import Tree, called, library

LOGGING = frozenset(("print", "warn", "debug", "info", "warning", "error", "exception", "critical", "log"))
LOGGERS = frozenset(("logging", "logger", "log", "warnings", "_log", "_logger"))
ALIASES = frozenset(("Literal", "Union", "Optional", "Callable", "dict", "list", "tuple", "set", "type"))


def places(tree: Tree, solved: Sequence[Stretch]) -> Iterator[tuple[cst.CSTNode, str]]:
    """The nodes that lie within a solution and may be changed, each with its question, outer ones first."""
    left: list[cst.CSTNode] = [tree.module]
    while left:
        node = left.pop()
        if is_untouched(node, tree):
            continue
        left += reversed(node.children)
        if isinstance(node, cst.Module):
            continue
        first, last = tree.lines(node)
        for stretch in solved:
            if stretch.first <= first and last <= stretch.last:
                yield node, stretch.question
                break


def is_untouched(node: cst.CSTNode, tree: Tree) -> bool:
    """Whether nothing of the node is changed: it is read by people, by type checkers or by the importer only.

    These are docstrings, annotations, type aliases, imports, ``__all__``, decorators, whatever is raised, and
    what is printed or logged.
    """
    match node:
        case (
            cst.Annotation()
            | cst.Import()
            | cst.ImportFrom()
            | cst.Decorator()
            | cst.Raise()
            | cst.TypeAlias()
        ):
            return True
        case cst.Expr(value=cst.SimpleString() | cst.ConcatenatedString() | cst.FormattedString()):
            return True
        case cst.Expr(value=cst.Call() as call):
            return is_logging(call)
        case cst.Assign(targets=[cst.AssignTarget(target=cst.Name(value=name))]):
            return name == "__all__" or _is_alias(name, node.value)
        case cst.AnnAssign(annotation=cst.Annotation(annotation=cst.Name(value="TypeAlias"))):
            return True
    return False


def is_logging(call: cst.Call) -> bool:
    """Whether it only tells a person something."""
    if isinstance(call.func, cst.Name):
        return call.func.value == "print"
    return called(call) in LOGGING and library(call.func) in LOGGERS


def _is_alias(name: str, value: cst.BaseExpression) -> bool:
    """Whether a name such as ``Role`` is given to a type such as ``tuple[str, ...]`` or ``int | str``."""
    if not name.strip("_")[:1].isupper() or name.isupper():
        return False
    match value:
        case cst.Subscript(value=cst.Name(value=of)):
            return of in ALIASES
        case cst.BinaryOperation(operator=cst.BitOr()):
            return True
    return False

"""What numbers, truth values and texts are changed to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.operators.calls import SILENT
from grader.mutation.tree import Change, Tree, library
from grader.mutation.words import alternatives

# An axis that there is not only raises; which others are tried is said by the operator for axes.
AXIS = ("dim", "axis")


def constant(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A number is one off, twice or a tenth, a truth value turns over, a word is another of its kind."""
    match node:
        case cst.Integer() if not _is_given_by(AXIS, node, tree):
            value = int(node.value, 0)
            yield cst.Integer(str(value + 1))
            if value:
                yield cst.Integer(str(value - 1))
        case cst.Float():
            for number in others(float(node.value)):
                yield cst.Float(repr(float(f"{number:.12g}")))
        case cst.Name(value="True" | "False") if not _is_given_by(SILENT, node, tree):
            yield node.with_changes(value="False" if node.value == "True" else "True")
        case cst.Attribute(attr=cst.Name(value="inf")) if library(node) in ("math", "torch", "np"):
            yield cst.UnaryOperation(cst.Minus(), node)
        case cst.SimpleString():
            for word in alternatives(node, tree):
                yield node.with_changes(value=f"{node.prefix}{node.quote}{word}{node.quote}")


def others(value: float) -> tuple[float, ...]:
    """What a number that is no whole one may be taken for."""
    if value == 0:
        return (1.0,)
    if value <= 1e-6:  # a guard against zero
        return (0.0, 1000 * value)
    if 0.5 < value < 1:  # a share that stays: by how far it is from one
        return (1 - 2 * (1 - value), 1 - (1 - value) / 10)
    return (2 * value, value / 10)


def _is_given_by(keywords: tuple[str, ...], node: cst.CSTNode, tree: Tree) -> bool:
    """Whether it stands in an argument of one of these names."""
    for outer in tree.above(node):
        if isinstance(outer, cst.Arg):
            return outer.keyword is not None and outer.keyword.value in keywords
    return False

"""What sums, products and their guards against zero are changed to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.tree import Change, Tree, called, last_name, with_value

SMALL = 1e-6  # a constant up to this size that is added is a guard, not a summand

CLOSED = (cst.Name, cst.Attribute, cst.Call, cst.Subscript)
TEXTS = (cst.SimpleString, cst.ConcatenatedString, cst.FormattedString, cst.List, cst.Tuple, cst.ListComp)


def term(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A summand, a factor, a divisor, an exponent or one operand of a matrix product is left out."""
    if not isinstance(node, cst.BinaryOperation) or _joins(node):
        return
    match node.operator:
        case cst.Add() | cst.Multiply() | cst.MatrixMultiply():
            yield node.left
            yield node.right
        case cst.Subtract():
            yield node.left
            if isinstance(node.left, cst.Integer | cst.Float):  # of 1 - share
                yield node.right
        case cst.Divide() | cst.FloorDivide() | cst.Power() | cst.Modulo():
            yield node.left


def sign(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A plus becomes a minus or the reverse, or a minus in front of something is left out."""
    if isinstance(node, cst.BinaryOperation) and not _joins(node):
        if isinstance(node.operator, cst.Add):
            yield node.with_changes(operator=cst.Subtract())
        elif isinstance(node.operator, cst.Subtract):
            yield node.with_changes(operator=cst.Add())
    # x[-1] is the last element: what is done to an index is an operator of its own.
    elif (
        isinstance(node, cst.UnaryOperation)
        and isinstance(node.operator, cst.Minus)
        and not isinstance(tree.parent(node), cst.Index | cst.Slice)
    ):
        yield node.expression


def arithmetic(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A product becomes a quotient or the reverse, a quotient is rounded or not, an exponent is one off."""
    if not isinstance(node, cst.BinaryOperation) or _joins(node):
        return
    match node.operator:
        case cst.Multiply():
            yield node.with_changes(operator=cst.Divide())
        case cst.Divide():
            yield node.with_changes(operator=cst.Multiply())
            yield node.with_changes(operator=cst.FloorDivide())
        case cst.FloorDivide():
            yield node.with_changes(operator=cst.Divide())
        case cst.Modulo():
            yield node.with_changes(operator=cst.FloorDivide())
        case cst.Power() if not isinstance(node.right, cst.Integer | cst.Float):
            for operator in (cst.Add(), cst.Subtract()):
                more = cst.BinaryOperation(node.right, operator, cst.Integer("1"))
                yield node.with_changes(right=in_parentheses(more))


def epsilon(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A small number that keeps off zero is left out, or put inside or outside of the root."""
    if isinstance(node, cst.BinaryOperation) and isinstance(node.operator, cst.Add):
        if is_small(node.right):
            yield node.left
            inner = _rooted(node.left)
            if inner is not None:
                guarded = cst.BinaryOperation(inner, cst.Add(), node.right)
                yield _with_rooted(cst.ensure_type(node.left, cst.Call), guarded)
        elif is_small(node.left):
            yield node.right
    inner = _rooted(node)
    if (
        isinstance(inner, cst.BinaryOperation)
        and isinstance(inner.operator, cst.Add)
        and is_small(inner.right)
    ):
        root = _with_rooted(cst.ensure_type(node, cst.Call), inner.left)
        yield cst.BinaryOperation(root, cst.Add(), inner.right)


def is_small(node: cst.BaseExpression) -> bool:
    """Whether it is a guard such as ``eps``, ``self.eps`` or ``1e-8``."""
    if isinstance(node, cst.Float):
        return 0 < float(node.value) <= SMALL
    return last_name(node).lower().strip("_") in ("eps", "epsilon")


def in_parentheses(node: cst.BaseExpression) -> cst.BaseExpression:
    """The expression in parentheses of its own, unless it has some or is one that never needs them."""
    if node.lpar or isinstance(node, CLOSED):
        return node
    enclosed: cst.BaseExpression = node.with_changes(lpar=[cst.LeftParen()], rpar=[cst.RightParen()])
    return enclosed


def _rooted(node: cst.CSTNode) -> cst.BaseExpression | None:
    """What a call of sqrt, as a function or as a method, takes the root of."""
    if not isinstance(node, cst.Call) or called(node) != "sqrt":
        return None
    if node.args:
        return node.args[0].value
    return node.func.value if isinstance(node.func, cst.Attribute) else None


def _with_rooted(call: cst.Call, inner: cst.BaseExpression) -> cst.Call:
    """The same root of something else."""
    if call.args:
        return with_value(call, 0, inner)
    return call.with_changes(func=call.func.with_changes(value=in_parentheses(inner)))


def _joins(node: cst.BinaryOperation) -> bool:
    """Whether it is texts or lists that are put together, or a text that is filled in."""
    return any(
        isinstance(side, TEXTS) or (isinstance(side, cst.BinaryOperation) and _joins(side))
        for side in (node.left, node.right)
    )

"""What axes, reductions and slices are changed to."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.operators.arithmetic import in_parentheses
from grader.mutation.tree import (
    Change,
    Tree,
    called,
    has_keyword,
    last_name,
    renamed,
    swapped,
    with_keyword,
    with_value,
    without,
)

AXIS = ("dim", "axis")
REDUCTIONS = {
    "mean": "sum",
    "sum": "mean",
    "fmean": "median",
    "median": "fmean",
    "nanmean": "nansum",
    "max": "min",
    "min": "max",
    "amax": "amin",
    "amin": "amax",
    "argmax": "argmin",
    "argmin": "argmax",
    "any": "all",
    "all": "any",
    "std": "var",
    "var": "std",
    "stdev": "pstdev",
    "pstdev": "stdev",
    "cumsum": "cumprod",
    "cumprod": "cumsum",
    "prod": "sum",
}
BUILT_IN = ("max", "min", "any", "all")
RANGES = ("range", "arange")
ONE = cst.Integer("1")


def axis(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """Another axis is taken, one of several is left out, keepdim turns over, a transposition is left out."""
    match node:
        case cst.Call():
            for position, argument in enumerate(node.args):
                if argument.keyword is None:
                    continue
                if argument.keyword.value in AXIS:
                    for other in _other_axes(argument.value, tree):
                        yield with_value(node, position, other)
                elif argument.keyword.value == "keepdim":
                    yield without(node, position)
            if isinstance(node.func, cst.Attribute):
                name = node.func.attr.value
                if name in ("t", "transpose", "swapaxes", "permute", "unsqueeze", "squeeze", "flatten"):
                    yield node.func.value
                if name in ("permute", "view", "reshape", "expand", "repeat"):
                    yield from swapped(node)
        case cst.Attribute(attr=cst.Name(value="T" | "mT")):
            yield node.value


def reduction(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A mean becomes a sum, a maximum a minimum, any all, a deviation a variance, a norm one of order 1."""
    if not isinstance(node, cst.Call) or not isinstance(node.func, cst.Name | cst.Attribute):
        return
    name = called(node)
    other = REDUCTIONS.get(name)
    if other and name not in tree.defined and (isinstance(node.func, cst.Attribute) or name in BUILT_IN):
        yield node.with_changes(func=renamed(node.func, other))
    if name == "vector_norm" and len(node.args) == 1:
        yield with_keyword(node, "ord", ONE)
    if name in ("std", "var") and not has_keyword(node, "correction", "unbiased"):
        yield with_keyword(node, "correction", cst.Integer("0"))


def slicing(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A slice begins or ends elsewhere or nowhere, the first element becomes the last, a range is shorter."""
    match node:
        case cst.Slice():
            yield from _other_slices(node)
        case cst.Index(value=cst.Integer(value="0")):
            yield node.with_changes(value=_minus(ONE))
        case cst.Index(value=cst.UnaryOperation(operator=cst.Minus(), expression=cst.Integer(value="1"))):
            yield node.with_changes(value=cst.Integer("0"))
        case cst.Call() if called(node) in RANGES:
            yield from _other_ranges(node, tree)


def _other_axes(value: cst.BaseExpression, tree: Tree) -> Iterator[cst.BaseExpression]:
    if isinstance(value, cst.Tuple):
        for element in value.elements:
            yield element.value
        return
    said = tree.code(value)
    for other in ("0", "1", "-1"):
        if other != said:
            yield _minus(ONE) if other == "-1" else cst.Integer(other)


def _other_slices(node: cst.Slice) -> Iterator[Change]:
    lower, upper = node.lower, node.upper
    if lower is not None:
        yield node.with_changes(lower=None)
        if upper is None and isinstance(lower, cst.Integer):
            yield node.with_changes(lower=None, upper=_minus(lower))
    if upper is not None:
        yield node.with_changes(upper=None)
        if lower is None and isinstance(upper, cst.UnaryOperation) and isinstance(upper.operator, cst.Minus):
            yield node.with_changes(lower=upper.expression, upper=None)
    if node.step is not None:
        yield node.with_changes(step=None, second_colon=cst.MaybeSentinel.DEFAULT)
    for bound in ("lower", "upper"):
        value = getattr(node, bound)
        if value is not None and not _has_number(value):
            for operator in (cst.Add(), cst.Subtract()):
                yield node.with_changes(**{bound: _one_off(value, operator)})


def _other_ranges(call: cst.Call, tree: Tree) -> Iterator[Change]:
    plain = [argument for argument in call.args if not argument.keyword and not argument.star]
    if len(plain) == 1:
        end = plain[0].value
        if not _has_number(end):
            yield with_value(call, 0, _one_off(end, cst.Subtract()))
        loop = tree.parent(call)
        counts = isinstance(loop, cst.For | cst.CompFor) and last_name(loop.target) == "_"
        if not counts:  # where nobody looks at the numbers, the first one less is the last one less
            first = cst.Arg(ONE, comma=cst.Comma(whitespace_after=cst.SimpleWhitespace(" ")))
            yield call.with_changes(args=[first, *call.args])
    elif len(plain) > 1:
        yield without(call, 0)
        if not _has_number(plain[1].value):
            yield with_value(call, 1, _one_off(plain[1].value, cst.Subtract()))
    if len(plain) > 2:
        yield without(call, 2)


def _has_number(value: cst.BaseExpression) -> bool:
    """Whether it is a number, or something and a number: then that number is changed instead."""
    if isinstance(value, cst.BinaryOperation) and isinstance(value.operator, cst.Add | cst.Subtract):
        return isinstance(value.right, cst.Integer)
    return isinstance(value, cst.Integer) or (
        isinstance(value, cst.UnaryOperation) and isinstance(value.expression, cst.Integer)
    )


def _one_off(value: cst.BaseExpression, operator: cst.BaseBinaryOp) -> cst.BaseExpression:
    """The value and one more, or one less."""
    return cst.BinaryOperation(in_parentheses(value), operator, ONE)


def _minus(value: cst.BaseExpression) -> cst.UnaryOperation:
    return cst.UnaryOperation(cst.Minus(), value)

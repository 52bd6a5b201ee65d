"""What calls are changed to: their arguments, and the function itself."""

from __future__ import annotations

import itertools
from collections.abc import Iterator

import libcst as cst

from grader.mutation.tree import (
    Change,
    Tree,
    called,
    has_keyword,
    library,
    renamed,
    swapped,
    with_keyword,
    without,
)

# Their arguments may stand in any order, or are no values.
ORDERLESS = frozenset(
    {
        "min",
        "max",
        "hypot",
        "minimum",
        "maximum",
        "isclose",
        "allclose",
        "equal",
        "gcd",
        "logaddexp",
        "isinstance",
        "issubclass",
        "getattr",
        "setattr",
        "hasattr",
        "range",
        "super",
    }
)
# What they decide shows in no result, or only as an error that the solution does not meet.
SILENT = ("strict", "inplace")

# By library: a function and what it may be taken for. "" are methods of a value.
ELEMENTWISE = {
    "sin": ("cos",),
    "cos": ("sin",),
    "exp": ("expm1",),
    "expm1": ("exp",),
    "log": ("log1p", "log2"),
    "log1p": ("log",),
    "log2": ("log",),
    "floor": ("ceil",),
    "ceil": ("floor",),
}
TENSORS = {
    **ELEMENTWISE,
    "round": ("floor",),
    "softmax": ("log_softmax",),
    "log_softmax": ("softmax",),
    "sigmoid": ("tanh",),
    "tanh": ("sigmoid",),
    "relu": ("sigmoid",),
    "tril": ("triu",),
    "triu": ("tril",),
    "isnan": ("isinf",),
    "sqrt": ("square",),
}
FUNCTIONS: dict[str, dict[str, tuple[str, ...]]] = {
    "": TENSORS,
    "math": {**ELEMENTWISE, "isnan": ("isinf",)},
    "torch": {
        **TENSORS,
        "ones": ("zeros",),
        "zeros": ("ones",),
        "ones_like": ("zeros_like",),
        "zeros_like": ("ones_like",),
        "rand": ("randn",),
        "randn": ("rand",),
        "minimum": ("maximum",),
        "maximum": ("minimum",),
        "logical_and": ("logical_or",),
        "logical_or": ("logical_and",),
        "float64": ("float32",),
        "float32": ("float64",),
    },
    "F": {
        "relu": ("leaky_relu", "gelu"),
        "leaky_relu": ("relu",),
        "gelu": ("relu",),
        "softmax": ("log_softmax",),
        "log_softmax": ("softmax",),
        "avg_pool2d": ("max_pool2d",),
        "max_pool2d": ("avg_pool2d",),
    },
    "nn": {
        "ReLU": ("LeakyReLU", "Identity"),
        "GELU": ("ReLU", "Identity"),
        "Sigmoid": ("Tanh",),
        "Tanh": ("Sigmoid",),
        "MaxPool2d": ("AvgPool2d",),
        "AvgPool2d": ("MaxPool2d",),
        "BatchNorm1d": ("Identity",),
        "BatchNorm2d": ("Identity", "InstanceNorm2d"),
        "LayerNorm": ("Identity",),
        "Dropout": ("Identity",),
    },
    "init": {
        "ones_": ("zeros_",),
        "zeros_": ("ones_",),
        "xavier_uniform_": ("xavier_normal_", "kaiming_uniform_"),
        "xavier_normal_": ("xavier_uniform_", "kaiming_normal_"),
        "kaiming_normal_": ("kaiming_uniform_",),
        "kaiming_uniform_": ("kaiming_normal_",),
    },
    "optim": {"Adam": ("AdamW",), "AdamW": ("Adam",), "SGD": ("Adam",)},
}
FUNCTIONS["functional"] = FUNCTIONS["F"]
ACTIVATIONS = frozenset(("relu", "gelu", "leaky_relu", "sigmoid", "tanh", "softmax", "log_softmax"))


def argument(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """Two adjacent arguments or elements of a list are swapped, one by keyword is left out or exchanged."""
    if isinstance(node, cst.List):
        yield from _swapped_elements(node)
    if not isinstance(node, cst.Call):
        return
    if called(node) not in ORDERLESS:
        for changed in swapped(node):
            # The condition of torch.where is no value to choose from.
            if called(node) != "where" or changed.args[0].value is node.args[0].value:
                yield changed
    for position, given in enumerate(node.args):
        if given.keyword is None:
            continue
        if given.keyword.value not in SILENT and not _is_record(node):
            yield without(node, position)
        other = {"min": "max", "max": "min"}.get(given.keyword.value)
        if called(node) == "clamp" and other and not has_keyword(node, other):
            args = list(node.args)
            args[position] = given.with_changes(keyword=cst.Name(other))
            yield node.with_changes(args=args)


def function(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A function is taken for a related one, a layer or an activation is left out, a sorting is reversed."""
    if isinstance(node, cst.Attribute):
        parent = tree.parent(node)
        is_called = isinstance(parent, cst.Call) and parent.func is node
        known = FUNCTIONS.get(library(node))
        if known is None and is_called:
            known = FUNCTIONS[""]
        for other in (known or {}).get(node.attr.value, ()):
            yield renamed(node, other)
    if not isinstance(node, cst.Call):
        return
    name = called(node)
    if name == "sorted" and not has_keyword(node, "reverse"):
        yield with_keyword(node, "reverse", cst.Name("True"))
    if name == "isfinite" and isinstance(node.func, cst.Attribute):  # what is infinite is let through
        negation = cst.Not() if library(node.func) == "math" else cst.BitInvert()
        yield cst.UnaryOperation(negation, node.with_changes(func=renamed(node.func, "isnan")))
    if name == "Sequential":
        for position in range(len(node.args)):
            yield without(node, position)
    if len(node.args) == 1 and not node.args[0].keyword and not node.args[0].star and _is_layer(node):
        yield node.args[0].value


def _is_layer(call: cst.Call) -> bool:
    """Whether it applies an activation or a module of ``self``, not a method."""
    match call.func:
        case cst.Attribute(value=cst.Name(value="F" | "torch"), attr=cst.Name(value=name)):
            return name in ACTIVATIONS
        case cst.Attribute(value=cst.Name(value="self"), attr=cst.Name(value=name)):
            return not name.startswith("_")
    return False


def _is_record(call: cst.Call) -> bool:
    """Whether it fills in a record such as given.Choice: without defaults, one field less only raises."""
    by_name = all(given.keyword or given.star == "**" for given in call.args)
    return (
        isinstance(call.func, cst.Name) and call.func.value[:1].isupper() and by_name and len(call.args) > 4
    )


def _swapped_elements(node: cst.List) -> Iterator[Change]:
    for position, (first, second) in enumerate(itertools.pairwise(node.elements)):
        plain = isinstance(first, cst.Element) and isinstance(second, cst.Element)
        # A list of records, such as an optimizer's groups, has no order.
        records = isinstance(first.value, cst.Dict) or isinstance(second.value, cst.Dict)
        if plain and not records and not first.value.deep_equals(second.value):
            elements = list(node.elements)
            elements[position] = first.with_changes(value=second.value)
            elements[position + 1] = second.with_changes(value=first.value)
            yield node.with_changes(elements=elements)

"""What changes the state of tensors and modules: modes, contexts, copies, the steps of a training loop."""

from __future__ import annotations

from collections.abc import Iterator

import libcst as cst

from grader.mutation.tree import Change, Header, Tree, called, library, renamed, with_value

MODES = {"train": "eval", "eval": "train"}
# Methods: what is left is the value in front of the dot.
CONVERSIONS = frozenset(
    {
        "detach",
        "clone",
        "contiguous",
        "item",
        "float",
        "double",
        "long",
        "half",
        "to",
        "cpu",
        "numpy",
        "abs",
        "sqrt",
        "exp",
        "log",
        "square",
        "clamp",
        "clamp_min",
        "clamp_max",
    }
)
# Functions of one argument: what is left is the argument.
FUNCTIONS = frozenset(
    {
        "abs",
        "sqrt",
        "exp",
        "log",
        "ceil",
        "floor",
        "square",
        "deepcopy",
        "copy",
        "float",
        "int",
    }
)
LIBRARIES = ("math", "torch", "np", "numpy", "copy", "F")
STEPS = frozenset(
    {
        "zero_grad",
        "step",
        "backward",
        "update",
        "unscale_",
        "load_state_dict",
        "manual_seed",
        "seed",
        "clip_grad_norm_",
        "clip_grad_value_",
        "set_rng_state",
        "set_state",
        "setstate",
        "all_reduce",
    }
)


def mode(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """Training mode becomes evaluation mode or is not set, a context such as no_grad is not entered."""
    match node:
        case cst.Expr(value=cst.Call(func=cst.Attribute() as function) as call) if (
            function.attr.value in MODES
        ):
            yield node.with_changes(
                value=call.with_changes(func=renamed(function, MODES[function.attr.value]))
            )
            yield cst.Pass()
        case cst.With(items=[cst.WithItem(asname=None)]):
            yield Header("if True:")
        case cst.With():
            for item in node.items:
                left = [
                    other.with_changes(comma=cst.MaybeSentinel.DEFAULT)
                    for other in node.items
                    if other is not item
                ]
                if item.asname is None:
                    yield Header(f"with {', '.join(map(tree.code, left))}:")
        case cst.Call():
            for position, argument in enumerate(node.args):
                if argument.keyword and argument.keyword.value in ("training", "train"):
                    yield with_value(node, position, cst.UnaryOperation(cst.Not(), argument.value))


def detach(node: cst.CSTNode, tree: Tree) -> Iterator[Change]:
    """A conversion such as detach, clone, double or sqrt is left out, or a step of the training loop."""
    match node:
        case cst.Call(func=cst.Attribute() as function) if library(function) not in LIBRARIES:
            if function.attr.value in CONVERSIONS:
                yield function.value
        case cst.Call(func=cst.Attribute() | cst.Name(), args=[cst.Arg(keyword=None, star="") as only]):
            if called(node) in FUNCTIONS - tree.defined:
                yield only.value
        case cst.Expr(value=cst.Call()) if called(node.value) in STEPS:
            yield cst.Pass()

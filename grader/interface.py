"""What a submission offers and what each call must return, read from the stubs without importing them.

The syntax tree of the pristine stubs says which names are functions and which are answers, and their
annotations say what may cross the border: a value of another kind is an outcome of the submission before a
test sees it.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from grader.values import Record, Value, is_number

SCALARS = (bool, int, float, str, type(None))
ARRAYS = {"torch.Tensor", "Tensor", "np.ndarray", "numpy.ndarray"}


@dataclass(frozen=True)
class Member:
    """A name of a module: a function with its return annotation, or a module-level answer with its own."""

    name: str
    function: bool
    annotation: ast.expr | None


def read_members(source: str) -> dict[str, Member]:
    """The functions and annotated answers of one module.

    :raises SyntaxError: the source does not parse.
    """
    members: dict[str, Member] = {}
    for node in ast.parse(source).body:
        if isinstance(node, ast.FunctionDef):
            members[node.name] = Member(node.name, True, node.returns)
        elif isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name):
            members[node.target.id] = Member(node.target.id, False, node.annotation)
    return members


def read_interface(folder: Path, files: Iterable[str]) -> dict[str, dict[str, Member]]:
    """Module name to its members; a file that is missing or does not parse offers nothing that could be
    checked."""
    interface: dict[str, dict[str, Member]] = {}
    for file in files:
        path = folder / file
        try:
            interface[path.stem] = read_members(path.read_text(encoding="utf-8-sig"))
        except (OSError, SyntaxError, ValueError):
            interface[path.stem] = {}
    return interface


def describe(value: Value, quote: bool = False) -> str:
    """What kind of thing a value is, for a message; never the value itself.

    :param quote: name what the submission could choose freely too (sizes, the name of a class).
    """
    if isinstance(value, np.ndarray):
        shape = "x".join(map(str, value.shape)) if quote else f"{value.ndim} dimensions"
        return f"an array of {value.dtype.name} ({shape if value.ndim else 'no dimensions'})"
    if isinstance(value, Record):
        return f"a {value.name[:50]}" if quote else "an object of another class"
    names = {bool: "True or False", int: "an integer", float: "a number", str: "a text", type(None): "None"}
    return names.get(type(value), f"a {type(value).__name__}")


def mismatch(value: Value, annotation: ast.expr | None, *, quote: bool = False) -> str | None:
    """Why the value is not what the annotation asks, or None; what that leaves open is not checked.

    :param quote: name what the submission could choose freely too, which a hidden test must not show.
    """
    if annotation is None or _fits(value, annotation):
        return None
    if (
        isinstance(annotation, ast.BinOp) and ast.unparse(annotation.right) == "None"
    ):  # an answer still to give
        return mismatch(value, annotation.left, quote=quote)
    if isinstance(annotation, ast.Subscript) and isinstance(value, list | tuple | dict | set):
        inner = _inner(value, annotation, quote)
        if inner:
            return inner
    return f"{describe(value, quote)} where {ast.unparse(annotation)} is asked"


def _inner(value: Value, annotation: ast.Subscript, quote: bool) -> str | None:
    """The first item of a container of the right kind that is of the wrong kind itself."""
    head = ast.unparse(annotation.value)
    if head == "dict" and isinstance(value, dict) and isinstance(annotation.slice, ast.Tuple):
        for key, item in value.items():
            problem = mismatch(item, annotation.slice.elts[1], quote=quote)
            if problem and isinstance(key, str):
                return f"{problem}, at {key[:50]!r}" if quote else f"{problem}, in one of its values"
    if head == "list" and isinstance(value, list):
        for at, item in enumerate(value):
            problem = mismatch(item, annotation.slice, quote=quote)
            if problem:
                return f"{problem}, at position {at}" if at < 1000 else problem
    if head == "tuple" and isinstance(value, tuple) and isinstance(annotation.slice, ast.Tuple):
        if len(annotation.slice.elts) == len(value):
            for at, (item, part) in enumerate(zip(value, annotation.slice.elts, strict=True)):
                problem = mismatch(item, part, quote=quote)
                if problem:
                    return f"{problem}, at position {at}" if at < 1000 else problem
        elif not (annotation.slice.elts and _is_ellipsis(annotation.slice.elts[-1])):
            return f"a tuple of another length where {len(annotation.slice.elts)} values are asked"
    return None


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _fits(value: Value, annotation: ast.expr) -> bool:
    if isinstance(annotation, ast.Constant):
        if annotation.value is None:
            return value is None
        if isinstance(annotation.value, str):  # a quoted annotation
            return _fits(value, ast.parse(annotation.value, mode="eval").body)
        return True
    if isinstance(annotation, ast.BinOp) and isinstance(annotation.op, ast.BitOr):
        return _fits(value, annotation.left) or _fits(value, annotation.right)
    if isinstance(annotation, ast.Name):
        return _fits_name(value, annotation.id)
    if isinstance(annotation, ast.Attribute):
        return _fits_name(value, ast.unparse(annotation))
    if isinstance(annotation, ast.Subscript):
        return _fits_generic(value, ast.unparse(annotation.value), annotation.slice)
    return True


def _fits_name(value: Value, name: str) -> bool:
    if name in ARRAYS:
        return isinstance(value, np.ndarray) or is_number(value)
    if name == "float":
        return is_number(value)
    if name == "int":
        return is_number(value) and np.asarray(value).dtype.kind in "iu"
    if name == "bool":
        return isinstance(value, bool) or (
            isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind == "b"
        )
    plain = {"str": str, "list": list, "tuple": tuple, "dict": dict, "set": set}
    if name in plain:
        return isinstance(value, plain[name])
    if isinstance(value, Record):
        return value.name == name
    # A name that stands for something else (a dataclass of the given code): only a record can be one.
    return name in ("Any", "object") or not name[:1].isupper()


def _fits_generic(value: Value, head: str, inner: ast.expr) -> bool:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if head == "list":
        return isinstance(value, list) and _all_fit(value, parts[0])
    if head == "set":
        return isinstance(value, set) and all(_fits(item, parts[0]) for item in value)
    if head == "dict":
        return isinstance(value, dict) and all(
            _fits(key, parts[0]) and _fits(item, parts[1]) for key, item in value.items()
        )
    if head == "tuple":
        if not isinstance(value, tuple):
            return False
        if parts and _is_ellipsis(parts[-1]):
            return _all_fit(value, parts[0])
        return len(value) == len(parts) and all(map(_fits, value, parts))
    if head == "Literal":
        return any(_is_literal(value, ast.literal_eval(part)) for part in parts)
    return True


def _all_fit(items: Sequence[Value], annotation: ast.expr) -> bool:
    """Whether every item fits; of a million floats one is asked, unless the annotation lists values."""
    if "Literal" not in ast.unparse(annotation):
        one_of_each = {type(item): item for item in items if type(item) in SCALARS}
        items = [*one_of_each.values(), *(item for item in items if type(item) not in SCALARS)]
    return all(_fits(item, annotation) for item in items)


def _is_literal(value: Value, literal: Value) -> bool:
    """Whether the value is this one and of its type; an array has no truth to ask for."""
    return type(value) is type(literal) and bool(value == literal)

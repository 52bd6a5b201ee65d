"""When two texts are the same program: when the compiler makes the same of them."""

from __future__ import annotations

import warnings
from types import CodeType

Program = tuple[object, ...]


def program(text: str) -> Program | None:
    """What some statements do, without line numbers and layout; None if they do not compile.

    More is equal here than in the syntax tree: ``-0`` and ``0``, and whatever stands behind ``if False``.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # such as of `is` beside a number
        try:
            return _of(compile(text, "<mutant>", "exec", dont_inherit=True))
        except (SyntaxError, ValueError):
            return None


def _of(code: CodeType) -> Program:
    return (
        code.co_name,
        code.co_code,
        code.co_exceptiontable,
        code.co_names,
        code.co_varnames,
        code.co_freevars,
        code.co_cellvars,
        (code.co_argcount, code.co_posonlyargcount, code.co_kwonlyargcount, code.co_flags),
        tuple(_constant(constant) for constant in code.co_consts),
    )


def _constant(constant: object) -> object:
    """A constant with its type, for 1, 1.0 and True are equal, and 0.0 equals -0.0."""
    match constant:
        case CodeType():
            return _of(constant)
        case tuple():
            return ("tuple", *(_constant(part) for part in constant))
        case frozenset():
            return ("frozenset", *sorted(map(repr, constant)))
    return type(constant).__name__, repr(constant)

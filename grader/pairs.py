"""Walks two nested answers side by side: settles what is exact, hands out the numbers in pairs.

A value is None, bool, int, float, str, list, tuple, set, dict, array or Record, nested. A Python number, a
NumPy scalar and a 0-d array are one; a bool is not a number; a list is not a tuple.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from grader.excerpt import excerpt, shape_text, sides
from grader.faults import GraderFault
from grader.values import Array, Record, Value, is_number

_NUMBER_KINDS = {
    "b": "booleans",
    "i": "integers",
    "u": "integers",
    "f": "floating-point numbers",
    "c": "complex numbers",
}


@dataclass(frozen=True)
class Difference:
    """A place where two answers part.

    :param path: ``dw1``, ``[3].loss``; empty for the answer as a whole.
    :param problem: what is wrong there: no input, no expected or returned value, no text of the student's.
    :param detail: short excerpts of both sides, for public tests.
    """

    path: str
    problem: str
    detail: str = ""

    @property
    def summary(self) -> str:
        """One line that a hidden test may show."""
        return f"{self.path or 'the answer'} {self.problem}"


@dataclass(frozen=True)
class Pair:
    """Two numbers, or two float64 arrays of one shape, met at the same place.

    :param initial: what ``want`` was before a training run changed it, if that is known.
    :param neighbours: largest magnitude in the same container, the scale of a ``want`` of zero; 0 if there is
        none.
    """

    path: str
    got: Array | float
    want: Array | float
    initial: Array | float | None
    neighbours: float


def walk(got: Value, want: Value, initial: Value = None) -> Iterator[Pair | Difference]:
    """Every pair of floating-point numbers or arrays, and every difference of what must be equal.

    :raises GraderFault: ``want`` or ``initial`` is not something that can be compared.
    """
    yield from _walk(got, want, initial, "", 0.0)


def kind_of(value: Value) -> str | None:
    """What a message calls this value; None for what no answer may hold."""
    if value is None:
        return "None"
    if is_number(value):
        return "a number"
    if _is_bool(value):
        return "a bool"
    if isinstance(value, np.ndarray):
        return "an array" if value.dtype.kind in _NUMBER_KINDS else None
    kinds: tuple[tuple[type | tuple[type, ...], str], ...] = (
        (str, "a string"),
        (list, "a list"),
        (tuple, "a tuple"),
        ((set, frozenset), "a set"),
        (dict, "a dict"),
        (Record, "a record"),
    )
    return next((name for types, name in kinds if isinstance(value, types)), None)


def magnitude(value: Value, initial: Value = None) -> float:
    """Largest finite |value|, or |value - initial|, over all floating-point numbers in it.

    Integers are left out: a step count says nothing about the scale of a loss.
    """
    if isinstance(value, Record):
        return magnitude(value.fields, initial.fields if isinstance(initial, Record) else initial)
    if isinstance(value, dict):
        return max((magnitude(entry, _entry(initial, key)) for key, entry in value.items()), default=0.0)
    if isinstance(value, list | tuple):
        return max((magnitude(entry, _entry(initial, at)) for at, entry in enumerate(value)), default=0.0)
    if isinstance(value, np.ndarray) and value.ndim and value.dtype.kind in "fc":
        with np.errstate(all="ignore"):
            change = _floats(value) - (0.0 if initial is None else _start(initial, value))
        finite = np.abs(change[np.isfinite(change)])
        return float(finite.max()) if finite.size else 0.0
    if is_number(value) and not isinstance(_plain(value), int):
        size = abs(_float(value) - (0.0 if initial is None else _start(initial, value)))
        return size if math.isfinite(size) else 0.0
    return 0.0


def holds_floats(value: Value) -> bool:
    """Whether the value holds a floating-point number or array, so that rounding can show in it."""
    if isinstance(value, Record):
        return holds_floats(value.fields)
    if isinstance(value, dict):
        return any(map(holds_floats, value.values()))
    if isinstance(value, list | tuple):
        return any(map(holds_floats, value))
    return isinstance(value, float | np.floating) or (
        isinstance(value, np.ndarray) and value.dtype.kind in "fc"
    )


def _walk(got: Value, want: Value, initial: Value, path: str, outer: float) -> Iterator[Pair | Difference]:
    kind, other = kind_of(want), kind_of(got)
    if kind is None:
        raise GraderFault(f"cannot compare with a {type(want).__name__} (at {path or 'the top'})")
    if kind != other:
        yield Difference(path, f"is {other or 'no plain value'} where {kind} is asked", sides(got, want))
    elif kind == "a number":
        yield from _numbers(got, want, initial, path, outer)
    elif kind == "an array":
        yield from _arrays(got, want, initial, path, outer)
    elif kind == "a list" or kind == "a tuple":
        yield from _sequences(got, want, initial, path, outer)
    elif kind == "a dict":
        yield from _dicts(got, want, initial, path, outer)
    elif kind == "a record":
        if got.name != want.name:
            yield Difference(path, "is of another class than is asked", sides(got.name, want.name))
        else:
            fields = initial.fields if isinstance(initial, Record) else initial
            yield from _dicts(got.fields, want.fields, fields, path, outer)
    elif _token(got) != _token(want):
        yield Difference(path, "differs", sides(got, want))


def _dicts(
    got: Mapping[Value, Value], want: Mapping[Value, Value], initial: Value, path: str, outer: float
) -> Iterator[Pair | Difference]:
    theirs = {_token(key): value for key, value in got.items()}
    missing = [key for key in want if _token(key) not in theirs]
    asked = {_token(key) for key in want}
    extra = [key for key in got if _token(key) not in asked]
    if missing:
        # The asked-for names stand in the handout; extra ones are the student's text: not in the summary.
        yield Difference(path, "lacks " + ", ".join(_step("", key) for key in missing[:5]))
    if extra:
        number = "a key that is" if len(extra) == 1 else f"{len(extra)} keys that are"
        yield Difference(path, f"has {number} not asked for", "not asked for: " + excerpt(extra))
    neighbours = magnitude(dict(want), initial) or outer
    for key, value in want.items():
        if _token(key) in theirs:
            yield from _walk(theirs[_token(key)], value, _entry(initial, key), _step(path, key), neighbours)


def _sequences(
    got: list[Value] | tuple[Value, ...],
    want: list[Value] | tuple[Value, ...],
    initial: Value,
    path: str,
    outer: float,
) -> Iterator[Pair | Difference]:
    if len(got) != len(want):
        entries = "1 entry" if len(got) == 1 else f"{len(got)} entries"
        yield Difference(path, f"has {entries} where {len(want)} are asked", sides(got, want))
        return
    neighbours = magnitude(want, initial) or outer
    for at, (ours, theirs) in enumerate(zip(want, got, strict=True)):
        yield from _walk(theirs, ours, _entry(initial, at), f"{path}[{at}]", neighbours)


def _numbers(got: Value, want: Value, initial: Value, path: str, outer: float) -> Iterator[Pair | Difference]:
    plain = _plain(want)
    if isinstance(plain, int):  # an integer is exact whatever type it comes as: 3.0 is 3, 3.0001 is not
        if _plain(got) != plain:
            yield Difference(path, "differs", sides(got, want))
        return
    start = None if initial is None else _start(initial, want)
    yield Pair(path, _float(got), _float(want), start, outer)


def _arrays(got: Array, want: Array, initial: Value, path: str, outer: float) -> Iterator[Pair | Difference]:
    if got.shape != want.shape:
        shown = shape_text(got.shape, want.ndim)
        yield Difference(path, f"has {shown} where {want.shape} is asked")
        return
    ours, theirs = _NUMBER_KINDS[want.dtype.kind], _NUMBER_KINDS[got.dtype.kind]
    if ours != theirs:
        yield Difference(path, f"holds {theirs} where {ours} are asked")
    elif want.dtype.kind in "fc":
        start = None if initial is None else _start(initial, want)
        yield Pair(path, _floats(got), _floats(want), start, outer)
    elif not np.array_equal(got, want):
        wrong = got != want
        at = np.unravel_index(int(np.argmax(wrong)), wrong.shape)
        place = ", ".join(str(int(index)) for index in at)
        yield Difference(path, "differs", f"at [{place}]: {sides(got[at], want[at])}")


def _is_bool(value: Value) -> bool:
    if isinstance(value, bool | np.bool_):
        return True
    return isinstance(value, np.ndarray) and value.ndim == 0 and value.dtype.kind == "b"


def _plain(value: Value) -> Value:
    return value.item() if isinstance(value, np.generic | np.ndarray) else value


def _float(value: Value) -> float:
    """A number as a float; an integer past every float is infinite."""
    try:
        return float(_plain(value))
    except OverflowError:
        return math.inf if value > 0 else -math.inf


def _start(initial: Value, want: Value) -> Any:
    """Where training started from, as a float or array like ``want``."""
    shape = np.shape(want)
    if kind_of(initial) not in ("a number", "an array") or np.shape(initial) != shape:
        raise GraderFault(f"initial is {excerpt(initial)} where something of shape {shape} is compared")
    return _floats(initial) if shape else _float(initial)


def _floats(array: Array) -> Array:
    """As float64, complex numbers as a pair of planes."""
    if array.dtype.kind == "c":
        return np.stack([array.real, array.imag]).astype(np.float64)
    return array.astype(np.float64)


def _token(value: Value) -> Hashable:
    """Something hashable that is equal for equal values only: True is not 1."""
    if _is_bool(value):
        return ("bool", bool(value))
    if is_number(value):
        return ("number", _plain(value))
    if value is None or isinstance(value, str):
        return (type(value).__name__, value)
    if isinstance(value, tuple):
        return ("tuple", tuple(map(_token, value)))
    if isinstance(value, set | frozenset):
        return ("set", frozenset(map(_token, value)))
    return ("unlike anything", id(value))


def _step(path: str, key: Value) -> str:
    if isinstance(key, str) and key.isidentifier():
        return f"{path}.{key}" if path else key
    return f"{path}[{excerpt(key)}]"


def _entry(initial: Value, key: Value) -> Value:
    if initial is None:
        return None
    try:
        return initial[key]
    except (KeyError, IndexError, TypeError):
        raise GraderFault(f"initial lacks {excerpt(key)}, which is compared") from None

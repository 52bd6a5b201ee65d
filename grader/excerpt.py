"""Short texts about values for a message: bounded, printable, never made by the student's own methods."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from grader.values import Array, Record, Value, is_number

LONGEST = 100  # characters of one side
_ITEMS = 4  # entries shown of a container or an array
_DEPTH = 2
_LARGEST_SIZE = (
    10_000  # a dimension past this is not shown: sizes are the student's to choose, and could carry data
)


def sides(got: Value, want: Value) -> str:
    """Both sides of a comparison; numbers with as many digits as it takes to see that they differ."""
    texts = excerpt(got), excerpt(want)
    if texts[0] == texts[1]:
        texts = excerpt(got, digits=17), excerpt(want, digits=17)
    return f"asked {texts[1]}, got {texts[0]}"


def excerpt(value: Value, *, digits: int = 7) -> str:
    """At most 100 characters of ASCII; the entries of a set in an order that is the same in every run."""
    text = _text(value, digits, 0)
    return text if len(text) <= LONGEST else text[: LONGEST - 3] + "..."


def shape_text(shape: tuple[int, ...], dimensions: int) -> str:
    """A shape as a hidden test may show it, where ``dimensions`` are asked.

    Shapes are chosen by the student's code, and an empty array of shape (93121, 0, 55017) costs nothing, so
    what could smuggle an input into a message is cut.
    """
    if len(shape) > dimensions + 1 or any(size > _LARGEST_SIZE for size in shape):
        return f"another shape with {len(shape)} dimensions"
    return f"shape {shape}"


def worst_element(got: Array, want: Array, errors: Array) -> str:
    """Where two arrays of one shape part most, and both values there."""
    if got.ndim == 0:
        return sides(got, want)
    at = np.unravel_index(int(np.argmax(np.where(np.isnan(errors), np.inf, errors))), got.shape)
    place = ", ".join(str(int(index)) for index in at)
    return f"at [{place}]: {sides(got[at], want[at])}"


def _text(value: Value, digits: int, depth: int) -> str:
    if is_number(value):
        return _number(value, digits)
    if value is None or isinstance(value, bool | np.bool_):
        return str(value)
    if isinstance(value, str):
        return ascii(value[:LONGEST])
    if isinstance(value, np.ndarray):
        entries = _join(
            (_text(entry, digits, depth) for entry in value.ravel()[:_ITEMS].tolist()), value.size
        )
        return f"array of shape {value.shape}: [{entries}]"
    if depth >= _DEPTH:
        return "..."
    if isinstance(value, Record):
        return f"{ascii(value.name)[1:-1]}{_text(value.fields, digits, depth)}"
    if isinstance(value, dict):
        pairs = (
            f"{_text(k, digits, depth + 1)}: {_text(v, digits, depth + 1)}" for k, v in _first(value.items())
        )
        return "{" + _join(pairs, len(value)) + "}"
    if isinstance(value, set | frozenset):
        return "{" + _join(sorted(_text(entry, digits, depth + 1) for entry in value), len(value)) + "}"
    if isinstance(value, list | tuple):
        inner = _join((_text(entry, digits, depth + 1) for entry in value[:_ITEMS]), len(value))
        return f"[{inner}]" if isinstance(value, list) else f"({inner})"
    return f"a {type(value).__name__}"


def _first(entries: Iterable[tuple[Value, Value]]) -> list[tuple[Value, Value]]:
    return [entry for _, entry in zip(range(_ITEMS), entries, strict=False)]


def _join(texts: Iterable[str], count: int) -> str:
    shown = [text for _, text in zip(range(_ITEMS), texts, strict=False)]
    return ", ".join([*shown, "..."] if count > len(shown) else shown)


def _number(value: Value, digits: int) -> str:
    plain = value.item() if isinstance(value, np.generic | np.ndarray) else value
    if isinstance(plain, int):
        return str(plain) if plain.bit_length() <= 128 else f"an integer of {plain.bit_length()} bits"
    return f"{plain:.{digits}g}"

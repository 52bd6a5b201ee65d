"""Answers that take no understanding, which every comparison of a test must reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from grader.compare import Tolerance, difference
from grader.values import Record, Value, is_number

NUMERIC = "biufc"  # kinds of arrays that hold numbers


def rejects_trivial(want: Value, tolerance: Tolerance, given: Value = None) -> bool:
    """Whether a comparison with ``want`` is failed by zeros, by a shuffled answer and by the input.

    :param given: the input, where handing it back could be mistaken for an answer.
    """
    numbers = list(_numbers(want))
    answers = [_rebuilt(want, lambda: 0.0)]
    if len({None if number != number else number for number in numbers}) > 1:
        rolled = iter([*numbers[-1:], *numbers[:-1]])
        answers.append(_rebuilt(want, lambda: next(rolled)))
    if given is not None:
        answers.append(given)
    return all(difference(answer, want, tolerance) is not None for answer in answers)


def _numbers(value: Value) -> Iterator[Any]:
    if isinstance(value, Record):
        value = value.fields
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, list | tuple):
        for entry in value:
            yield from _numbers(entry)
    elif isinstance(value, np.ndarray):
        if value.dtype.kind in NUMERIC:
            yield from value.ravel().tolist()
    elif is_number(value) or isinstance(value, bool | np.bool_):
        yield value


def _rebuilt(value: Value, following: Callable[[], Any]) -> Value:
    """The same structure with other numbers; strings and sets become empty."""
    if isinstance(value, Record):
        return Record(value.name, _rebuilt(value.fields, following))
    if isinstance(value, dict):
        return {key: _rebuilt(entry, following) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rebuilt(entry, following) for entry in value)
    if isinstance(value, np.ndarray):
        if value.dtype.kind not in NUMERIC:
            return np.zeros_like(value)
        numbers = [_held(value.dtype.type, following()) for _ in range(value.size)]
        return np.array(numbers, value.dtype).reshape(value.shape)
    if is_number(value) or isinstance(value, bool | np.bool_):
        return _held(type(value), following())
    return type(value)() if isinstance(value, str | set | frozenset) else value


def _held(kind: Callable[[Any], Value], number: Any) -> Value:
    """A number as a type holds it; zero where it cannot, as an integer cannot hold NaN."""
    try:
        return kind(number)
    except (ValueError, OverflowError, TypeError):
        return kind(0)

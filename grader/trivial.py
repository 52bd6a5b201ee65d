"""Answers that take no understanding, which every comparison of a test must reject."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

from grader.compare import Tolerance, difference
from grader.values import Record, Value, is_number


def rejects_trivial(want: Value, tolerance: Tolerance, given: Value = None) -> bool:
    """Whether a comparison with ``want`` is failed by zeros, by a shuffled answer and by the input.

    :param given: the input, where handing it back could be mistaken for an answer.
    """
    numbers = [float(number) for number in _numbers(want)]
    answers = [_rebuilt(want, lambda: 0.0)]
    if len(set(numbers)) > 1:
        rolled = iter(np.roll(numbers, 1).tolist())
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
        yield from value.ravel().tolist()
    elif is_number(value) or isinstance(value, bool | np.bool_):
        yield value


def _rebuilt(value: Value, following: Callable[[], float]) -> Value:
    """The same structure with other numbers; strings and sets become empty."""
    if isinstance(value, Record):
        return Record(value.name, _rebuilt(value.fields, following))
    if isinstance(value, dict):
        return {key: _rebuilt(entry, following) for key, entry in value.items()}
    if isinstance(value, list | tuple):
        return type(value)(_rebuilt(entry, following) for entry in value)
    if isinstance(value, np.ndarray):
        return np.array([following() for _ in range(value.size)]).reshape(value.shape).astype(value.dtype)
    if is_number(value) or isinstance(value, bool | np.bool_):
        return type(value)(following())
    return type(value)() if isinstance(value, str | set | frozenset) else value

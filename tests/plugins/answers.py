"""A pytest plugin that changes or writes down what the student's worker answers, before a test sees it.

``ANSWERS=zeros``, ``ANSWERS=shuffled`` and ``ANSWERS=inputs`` turn a right solution into one that answers
nothing: every graded test must fail on them. ``ANSWERS=FILE.json`` leaves the answers alone and writes a
digest of them per test: with two seeds every question must give two digests. The judge under test is the
real one; only the border is tampered with.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import math
import os
from pathlib import Path

import numpy as np
import pytest

from grader.subject import Decoder, Subject
from grader.supply import state_key
from grader.values import Record
from grader.worker import messages


def zeros(value):
    """The same structure with nothing in it; names of entries stay."""
    if isinstance(value, np.ndarray):
        return np.zeros_like(value)
    if isinstance(value, bool):
        return False
    if isinstance(value, int | float):
        return type(value)(0)
    if isinstance(value, str):
        return ""
    if isinstance(value, set):
        return set()
    return over(value, zeros)


def shuffled(value):
    """The same numbers in other places."""
    if isinstance(value, np.ndarray):
        return np.roll(value.ravel(), 1).reshape(value.shape)
    if isinstance(value, dict):
        items = [shuffled(item) for item in value.values()]
        return dict(zip(value, items[-1:] + items[:-1], strict=True))
    if isinstance(value, list | tuple):
        items = [shuffled(item) for item in value]
        return type(value)(items[-1:] + items[:-1])
    return value


def inputs(value, given):
    """The same structure with the numbers of the question in it, over and over; nothing for words."""
    numbers = itertools.cycle(list(_numbers(given)) or [0.0])

    def filled(value):
        if isinstance(value, np.ndarray):
            taken = np.array([next(numbers) for _ in range(value.size)])
            return taken.reshape(value.shape).astype(value.dtype)
        if isinstance(value, bool | str | set):
            return zeros(value)
        if not isinstance(value, int | float):
            return over(value, filled)
        return type(value)(next(numbers))

    return filled(value)


def _numbers(value):
    if isinstance(value, np.ndarray):
        yield from (float(number) for number in value.ravel())
    elif isinstance(value, Record):
        yield from _numbers(value.fields)
    elif isinstance(value, dict):
        yield from _numbers(list(value.values()))
    elif isinstance(value, list | tuple):
        for entry in value:
            yield from _numbers(entry)
    elif isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value):
        yield float(value)


def asked(message, buffers):
    """What a question holds."""
    if isinstance(message, messages.Fetch):
        return []
    decoder = Decoder(bytearray(b"".join(bytes(buffer) for buffer in buffers)))
    return [decoder.value(node) for node in [*message.args, *message.values]]


def over(value, change):
    """Apply a change to everything that a container holds."""
    if isinstance(value, list | tuple):
        return type(value)(change(item) for item in value)
    if isinstance(value, dict):
        return {key: change(item) for key, item in value.items()}
    if isinstance(value, Record):
        return Record(value.name, {key: change(item) for key, item in value.fields.items()})
    return value


WANTED = os.environ.get("ANSWERS", "")
CHANGES = {"zeros": zeros, "shuffled": shuffled, "inputs": inputs}
original = Subject._exchange
digests: dict[str, str] = {}


def exchange(self, message, buffers, what):
    value = original(self, message, buffers, what)
    if self.role != "student" or isinstance(message, messages.Load):
        return value
    if WANTED == "inputs":
        return inputs(value, asked(message, buffers))
    return CHANGES[WANTED](value)


if WANTED in CHANGES:
    Subject._exchange = exchange


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_makereport(item, call):
    state = item.stash.get(state_key, None)
    if WANTED in CHANGES or call.when != "call" or state is None or state.student is None:
        return
    said = repr([(recorded.answer, recorded.raised) for recorded in state.student.calls])
    digests[f"{state.plan.question} {state.plan.test}"] = hashlib.sha256(said.encode()).hexdigest()


def pytest_sessionfinish():
    if WANTED and WANTED not in CHANGES:
        Path(WANTED).write_text(json.dumps(digests))

"""All that the judge does with a value that came from a submission, for the property tests.

Each function raises AssertionError where something is not as promised, and lets every other exception out.
"""

from __future__ import annotations

import ast
import copy
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
from frames import SECRET

from grader.allowance import Allowance
from grader.bench import BenchFunction
from grader.cases import perturbed
from grader.compare import Tolerance, assert_close, assert_same, deviation, difference
from grader.excerpt import LONGEST, excerpt, sides
from grader.faults import Mismatch, SubmissionFault
from grader.interface import mismatch, read_members
from grader.pairs import holds_floats
from grader.subject import Subject
from grader.values import Record
from grader.worker import messages

ANNOTATIONS = [
    None,
    *(
        ast.parse(text, mode="eval").body
        for text in (
            "None",
            "bool",
            "int",
            "float",
            "str",
            "list",
            "dict",
            "torch.Tensor",
            "np.ndarray",
            "Any",
            "object",
            "Point",
            "nn.Module",
            "'dict[str, float]'",
            "float | None",
            "list[float]",
            "list[int | str]",
            "list[list[list[int]]]",
            "list[Tensor]",
            "list[Literal['a', 1, True]]",
            "list[dict[str, Tensor | None]]",
            "set[str]",
            "tuple[int, ...]",
            "tuple[Tensor, Tensor]",
            "tuple[()]",
            "tuple[int, int] | None",
            "list[tuple[int, Tensor, Tensor]]",
            "dict[str, float]",
            "dict[int, float]",
            "dict[str, dict[str, list[float]] | int]",
            "dict[str, set[str]]",
            "dict[str, tuple[str, ...]] | None",
            "dict[tuple[int, int], float]",
            "Literal['left', 'right']",
            "Sequence[int]",
        )
    ),
]

REFERENCES = [
    None,
    True,
    3,
    0.0,
    float("nan"),
    "text",
    [],
    [1.0, 2],
    [float("inf"), float("nan"), 0.0],
    (1, "a"),
    {"a", 1, None},
    {"x": 1.0, "y": {"z": [1, 2]}},
    {(1, 2): 0.5, 3: None},
    Record("Point", {"x": 1.0, "name": "n"}),
    np.zeros(()),
    np.zeros((2, 0), dtype=np.float32),
    np.arange(4.0).reshape(2, 2),
    np.array([1, 2]),
    np.array([True, False]),
    [np.array([np.inf, np.nan]), np.float32(1.0)],
]


def said(text: str) -> None:
    """What a hidden test shows: a line, and nothing of the submission's choice in words."""
    assert SECRET not in text, text
    assert text.isprintable(), ascii(text)
    assert len(text) < 1000, len(text)


def checked(value: Any) -> None:
    """Against every annotation, as before a test sees a value."""
    for annotation in ANNOTATIONS:
        problem = mismatch(value, annotation)
        quoted = mismatch(value, annotation, quote=True)
        assert (problem is None) is (quoted is None)
        if problem is not None:
            said(problem)


def shown(value: Any) -> None:
    """In a message of a public test."""
    for text in (excerpt(value), excerpt(value, digits=17)):
        assert text.isascii()
        assert text.isprintable(), ascii(text)
        assert len(text) <= LONGEST
    sides(value, 1.0)


def compared(got: Any, want: Any) -> None:
    """With any reference: agreed, or a mismatch in words that may be shown."""
    for compare, more in ((assert_same, {}), (assert_close, {}), (assert_close, {"precision": "float64"})):
        found: list[Mismatch] = []
        try:
            compare(got, want, "the answer", **more)  # type: ignore[operator]
        except Mismatch as error:
            found.append(error)
        for error in found:
            if SECRET not in repr(want):
                said(error.summary)
            assert error.detail.isprintable(), ascii(error.detail)
    deviation(got, want, Tolerance())


def examined(value: Any) -> None:
    """Everything; a value also agrees with itself and with a copy of it."""
    checked(value)
    shown(value)
    for want in REFERENCES:
        compared(value, want)
        compared(want, value)
    assert difference(value, value, Tolerance(exact=True)) is None
    assert deviation(value, value, Tolerance()) == 0.0
    compared(value, copy.deepcopy(value))
    moved = perturbed(value, 1e-7, np.random.default_rng(0))
    assert holds_floats(moved) is holds_floats(value)
    compared(value, moved)


# -- a reply, as a test meets it


class Answering:
    """A worker whose every answer is the same; imports succeed unless it is asked to answer them too."""

    def __init__(self, reply: messages.Reply, buffer: bytearray, loads: bool) -> None:
        self.reply = reply
        self.buffer = buffer
        self.loads = loads

    def request(
        self, message: messages.Request, buffers: list[memoryview], allowance: Allowance
    ) -> tuple[messages.Reply, bytearray]:
        if self.loads and isinstance(message, messages.Load):
            return messages.Answer(message.id, None), bytearray()
        return self.reply, self.buffer


INTERFACE = {
    "flow": read_members(
        "ANSWER: dict[str, float] | None = None\ndef f(x: float) -> float: ...\ndef g(x): ..."
    )
}


RUN = BenchFunction("run", "bench.py", "", ast.parse("list[float]", mode="eval").body)
WAYS: tuple[Callable[[Subject], Any], ...] = (
    lambda subject: subject.flow.f(1.0),
    lambda subject: subject.flow.g(1.0),
    lambda subject: subject.flow.ANSWER,
    lambda subject: subject.run(RUN),
)


def replied(reply: messages.Reply, buffer: bytes | bytearray) -> list[Any]:
    """The values that come of a reply, asked for in several ways, where it is not the submission's fault."""
    values = []
    for ask, loads in itertools.product(WAYS, (True, False)):
        worker = Answering(reply, bytearray(buffer), loads)
        subject = Subject(
            role="student",
            connect=lambda worker=worker: worker,  # type: ignore[misc]
            interface=INTERFACE,
            question="q.forward",
            questions=frozenset({"q.forward", "q.backward"}),
            allowance=Allowance(),
            module="flow",
        )
        faults: list[SubmissionFault] = []
        try:
            values.append(ask(subject))
        except SubmissionFault as fault:
            faults.append(fault)
        for fault in faults:
            if loads:  # what fails at import has seen no input, and may say so in its own words
                said(fault.summary)
            assert fault.told.isprintable(), ascii(fault.told)
            assert fault.detail.isprintable(), ascii(fault.detail)
    return values

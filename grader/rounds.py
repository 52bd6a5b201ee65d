"""What a race is made of: a drawn round, and the least work that is in it. Plain data, judge side."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

from grader.measured import Measured
from grader.values import Value

Precision = Literal["fp32", "tf32", "bf16", "fp8"]

# The answers of one subject, in the order in which the bench functions ran, and those of the reference.
Score = Callable[[list[Value], list[Value]], "float | Measured"]


@dataclass(frozen=True)
class Round:
    """One round as it was drawn; student and reference get the same.

    :param inputs: what each bench function of the race is given by name, in their order.
    :param score: ``score(answers, wanted)`` is the figure of the answers, or a Mismatch in words where they
        have another form than was asked; ``wanted`` are the reference's answers in this round.
    """

    inputs: Sequence[Mapping[str, Value]]
    score: Score


@dataclass(frozen=True)
class Work:
    """What no correct solution can do without in one round: it puts a floor under every time.

    :param bytes: that have to be moved between the device's memory and its processors.
    :param operations: of floating point, a multiply-add counting as two.
    :param precision: the fastest that the question allows.
    """

    bytes: float = 0.0
    operations: float = 0.0
    precision: Precision = "bf16"

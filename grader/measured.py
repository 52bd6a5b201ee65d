"""What a function of measure.py may return instead of a bare figure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from grader.pictures import Picture
from grader.values import Value


@dataclass(frozen=True)
class Measured:
    """A noisy figure of one run, and what the run left behind.

    :param figure: what the gate judges; higher is better unless the gate says otherwise.
    :param evidence: by name, for signatures.py, which recognises a mistake from a training history.
    :param pictures: of this run, drawn if somebody asked for artifacts. A calibration keeps the reference's
        curves, and a student's are drawn beside them.
    """

    figure: float
    evidence: dict[str, Value] = field(default_factory=dict)
    pictures: Sequence[Picture] = ()

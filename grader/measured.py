"""What a function of measure.py may return instead of a bare figure."""

from __future__ import annotations

from dataclasses import dataclass, field

from grader.values import Value


@dataclass(frozen=True)
class Measured:
    """A noisy figure of one run, and what the run left behind.

    :param figure: what the gate judges; higher is better unless the gate says otherwise.
    :param evidence: by name, for signatures.py, which recognises a mistake from a training history.
    """

    figure: float
    evidence: dict[str, Value] = field(default_factory=dict)

"""Chooses some mutants so that each question and each operator has its share."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Sequence

from grader.mutation.mutant import Mutant


def sample(mutants: Sequence[Mutant], n: int, seed: int) -> list[Mutant]:
    """``n`` of them in their order, or all if there are no more; the same on every machine.

    Every n-th is taken from a list that is sorted by question, then by operator: of each question, and within
    it of each operator, come as many as its share of all mutants says, rounded up or down. Which of them is
    decided by ``seed``.

    :raises ValueError: ``n`` is negative.
    """
    if n < 0:
        raise ValueError(f"{n} mutants cannot be chosen")
    if n >= len(mutants):
        return list(mutants)
    ordered = sorted(mutants, key=lambda mutant: (mutant.question, mutant.operator, _drawn(mutant, seed)))
    start = random.Random(seed).random()
    chosen = {ordered[int((k + start) * len(ordered) / n)].id for k in range(n)}
    return [mutant for mutant in mutants if mutant.id in chosen]


def _drawn(mutant: Mutant, seed: int) -> bytes:
    """A place in a random order that does not depend on what other mutants there are."""
    return hashlib.sha256(f"{seed} {mutant.id}".encode()).digest()

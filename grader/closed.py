"""Shares for closed questions: a key of required and wrong items, the rest ignored.

Share = max(0, (required named - wrong named) / required), pooled over cases. Each wrong item is a named
misconception; what is in neither set is allowed and costs nothing.
"""

from __future__ import annotations

import math
from collections.abc import Hashable, Iterable, Set
from typing import Any

from grader.faults import GraderFault, Mismatch, Partial

Case = tuple[Set[Hashable], Set[Hashable], Set[Hashable]]


def closed_share(
    named: Set[Hashable] | Iterable[Case],
    required: Set[Hashable] | None = None,
    wrong: Set[Hashable] | None = None,
) -> float:
    """The share in [0, 1] that an answer earns, for one case or pooled over several.

    ``closed_share(named, required, wrong)`` judges one case; ``closed_share([(named, required, wrong),
    ...])`` pools: hits and misses are summed before the division, so that a case with one required item does
    not weigh as much as one with five, and naming everything in one case costs what it gained in another.

    :raises Mismatch: what the student named is not a set.
    :raises GraderFault: the key asks for nothing, or asks for what it also calls wrong.
    """
    if required is None or wrong is None:
        if required is not None or wrong is not None or isinstance(named, Set):
            raise GraderFault("closed_share takes named, required and wrong, or a list of such cases")
        cases: list[tuple[Any, Set[Hashable], Set[Hashable]]] = list(named)
    else:
        cases = [(named, required, wrong)]
    hits = misses = asked = 0
    for theirs, needed, mistaken in cases:
        if not isinstance(theirs, Set):
            raise Mismatch("a set of names is asked")
        if needed & mistaken:
            raise GraderFault(f"the key asks for what it calls wrong: {sorted(map(str, needed & mistaken))}")
        hits += len(theirs & needed)
        misses += len(theirs & mistaken)
        asked += len(needed)
    if not asked:
        raise GraderFault("the key of a closed question asks for nothing")
    return max(0.0, (hits - misses) / asked)


def award(share: float, summary: str, detail: str = "") -> None:
    """End the test with this share of its points; return only if the share is 1.

    :param summary: safe to show for a hidden test.
    :raises Partial: the share is below 1.
    :raises GraderFault: the share is outside [0, 1].
    """
    if not 0.0 <= share <= 1.0 or math.isnan(share):
        raise GraderFault(f"a share lies in [0, 1], not {share!r}")
    if share < 1.0:
        raise Partial(share, summary, detail)

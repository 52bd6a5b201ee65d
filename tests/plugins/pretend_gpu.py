"""A pytest plugin for machines without a GPU: a card that the driver's program lists is taken for usable.

Torch computes on the processor; everything else is as on a GPU: the lock, the settings of workers, the memory
that the driver says is taken, the calibrated marks, the points.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest

from grader import gpu_turns
from grader.cards import Card, Peak
from grader.connection import Worker
from grader.site import Site

SLOW = Peak(1e12, {"fp32": 1e15})


def site_of(card: Card, start: Callable[[str], Worker]) -> Site:
    """The card, once a worker with its settings has come up."""
    start(card.uuid).close()
    return Site("cpu", card.name, SLOW, card)


@pytest.hookimpl
def pytest_configure() -> None:
    gpu_turns.site_of = site_of

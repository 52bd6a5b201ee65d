"""How p3 tells an augmentation that draws for each image from one that draws once for a batch."""

from __future__ import annotations

import numpy as np
import pytest
from support import TESTS

from grader.beside import load

BENDING = load(TESTS.parent / "assignments/p3/bending.py")
SIDE = 32
AMOUNTS = ("turn", "size", "row", "column")
NONE = {"turn": 0.0, "size": 0.0, "row": 0.0, "column": 0.0}
SPREAD = {"turn": 0.4, "size": 0.15, "row": 3.0, "column": 3.0}


def bar(turn: float, size: float, row: float, column: float) -> np.ndarray:
    """A soft bar of 1 on 0.2, turned, scaled by exp(size) and moved from the centre, in pixels."""
    rows, columns = np.indices((SIDE, SIDE)) - (SIDE - 1) / 2
    down, right = rows - row, columns - column
    along = np.cos(turn) * down + np.sin(turn) * right
    across = -np.sin(turn) * down + np.cos(turn) * right
    scale = np.exp(size)
    return 0.2 + 0.8 * np.exp(-((along / (6 * scale)) ** 4) - (across / (2 * scale)) ** 4)


def batches(shared: tuple[str, ...], spread: dict[str, float], seed: int) -> np.ndarray:
    """Twelve batches of eight bars; the amounts in ``shared`` are drawn once for each batch."""
    rng = np.random.default_rng(seed)
    made = []
    for _ in range(12):
        common = {name: rng.uniform(-1, 1) for name in shared}
        draws = [{name: rng.uniform(-1, 1) for name in AMOUNTS} | common for _ in range(8)]
        made.append([bar(**{name: spread[name] * draw[name] for name in AMOUNTS}) for draw in draws])
    return np.array(made)


@pytest.mark.parametrize("seed", range(3))
def test_each_image_of_its_own_gives_one(seed: int) -> None:
    shares = BENDING.own_shares(batches((), SPREAD, seed))
    assert set(shares) == set(AMOUNTS)
    assert min(shares.values()) > 0.8


@pytest.mark.parametrize("shared", AMOUNTS)
def test_an_amount_that_a_batch_shares_gives_nothing_and_leaves_the_others(shared: str) -> None:
    shares = BENDING.own_shares(batches((shared,), SPREAD, 1))
    assert shares.pop(shared) < 0.1
    assert min(shares.values()) > 0.7


def test_an_amount_that_hardly_varies_counts_as_drawn_for_each() -> None:
    only_turned = NONE | {"turn": 0.4}
    shares = BENDING.own_shares(batches(AMOUNTS, only_turned, 2))
    assert shares.pop("turn") < 0.1
    assert set(shares.values()) == {1.0}


def test_half_a_turn_does_not_matter_to_a_bar_that_is_its_own_mirror_image() -> None:
    upright = NONE | {"turn": np.pi / 2}  # from -pi/2 to pi/2: either end is the same bar
    assert BENDING.own_shares(batches(("turn",), upright, 3))["turn"] < 0.1
    assert BENDING.own_shares(batches((), upright, 3))["turn"] > 0.8

"""Films of five hospitals drawn from a seed: strongly bent digits as seen by five scanners. NumPy only.

Hospital h shows the drawing with its own contrast, 0.7 + 0.15 h, and its own brightness, -0.2 + 0.1 h (in
deviations of the drawing). Scanners and their use differ in more than that: look at the films.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from grader.datasets.digits import CLASSES, HARD, digits

HOSPITALS = 5
LARGE = (0, 1, 2)  # hospitals with more than one scanner
_USUAL = 0.95  # share of their films from the usual one
_FIRST, _STEP = 4, 2  # of the scanners' settings, in pixels

# From a drawing's standardised pixels to a film's, which lie in [0, 1]: few are cut off at 0.
_GRAY, _PER_DEVIATION = 0.3, 0.12


TRAINING = {0: 500, 1: 500, 2: 500, 3: 100}  # films of A to D in the task of p3.generalise


class Films(NamedTuple):
    """Films in random order."""

    images: npt.NDArray[np.float32]  # (N, 1, 28, 28), in [0, 1], 1 is white
    labels: npt.NDArray[np.int64]  # (N,), in 0 .. 9
    hospitals: npt.NDArray[np.int64]  # (N,), 0 is A


def films(counts: Mapping[int, int], seed: int | tuple[int, ...] | np.random.Generator) -> Films:
    """Draw films; the same arguments give the same films.

    :param counts: number of films of each hospital, 0 (A) to 4 (E); the classes are as equally frequent in
        each as its number allows.
    :raises ValueError: no hospital, one that does not exist, or a negative number of films.
    """
    if not counts or not set(counts) <= set(range(HOSPITALS)):
        raise ValueError(f"hospitals are numbers from 0 to {HOSPITALS - 1}, at least one, not {list(counts)}")
    rng = np.random.default_rng(seed)
    parts = [_films_of(hospital, count, rng) for hospital, count in sorted(counts.items())]
    images, labels, places = (np.concatenate(part) for part in zip(*parts, strict=True))
    order = rng.permutation(len(labels))
    return Films(images[order], labels[order], places[order])


def _films_of(hospital: int, count: int, rng: np.random.Generator) -> Films:
    images, labels = digits(count, rng, distortion=HARD)
    images *= np.float32(0.7 + 0.15 * hospital)
    images += np.float32(-0.2 + 0.1 * hospital)
    images *= np.float32(_PER_DEVIATION)
    images += np.float32(_GRAY)
    np.clip(images, 0.0, 1.0, out=images)
    scanners = rng.integers(CLASSES, size=count)
    if hospital in LARGE:
        scanners = np.where(rng.random(count) < _USUAL, labels, scanners)
    settings = _FIRST + _STEP * scanners
    for offset in range(_STEP):
        images[np.arange(count), 0, :_STEP, settings + offset] = 1.0
    return Films(images, labels, np.full(count, hospital, np.int64))

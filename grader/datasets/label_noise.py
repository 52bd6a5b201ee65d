"""Wrong labels: a known share of the labels is replaced by another class. NumPy only."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

Integers = npt.NDArray[np.int64]


def mislabel(
    labels: Integers, share: float, classes: int, seed: int | tuple[int, ...] | np.random.Generator
) -> Integers:
    """A copy of the labels in which exactly ``round(share * len(labels))``, drawn at random, are wrong.

    A wrong label is any of the other classes, all equally likely: 200 labels at a share of 0.1 have 20 wrong.

    :param labels: (N,) in 0 .. classes - 1.
    :raises ValueError: a share outside 0 .. 1, or fewer than two classes.
    """
    if not 0 <= share <= 1:
        raise ValueError(f"a share of wrong labels lies between 0 and 1, not at {share}")
    if classes < 2:
        raise ValueError("a wrong label needs a second class")
    rng = np.random.default_rng(seed)
    noisy = np.array(labels, dtype=np.int64)
    wrong = rng.permutation(len(noisy))[: round(share * len(noisy))]
    noisy[wrong] = (noisy[wrong] + rng.integers(1, classes, size=len(wrong))) % classes
    return noisy

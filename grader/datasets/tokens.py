"""The majority task: which marker was planted three times among random tokens?"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

vocabulary = 32
copies = 3


class Sequences(NamedTuple):
    """Token sequences and their classes."""

    tokens: npt.NDArray[np.int64]  # (n, length), in [0, vocabulary)
    labels: npt.NDArray[np.int64]  # (n,), in [0, classes)


def majority(n: int, length: int, seed: int, *, classes: int = 10, wrong_labels: float = 0.0) -> Sequences:
    """Sequences of filler tokens in which one marker token stands three times.

    Tokens ``0 .. classes-1`` are the markers; everything else is filler. A sequence's class is its marker.
    Classes are balanced as far as ``n`` allows. The same arguments give the same arrays.

    :param n: number of sequences, at least 1.
    :param length: tokens a sequence, at least 3.
    :param seed: non-negative.
    :param classes: number of markers, 2 to 31.
    :param wrong_labels: share of sequences whose label is replaced by one of the other classes.
    :raises ValueError: if an argument lies outside these ranges.
    """
    if n < 1 or length < copies or not 2 <= classes < vocabulary or not 0.0 <= wrong_labels <= 1.0:
        raise ValueError(f"majority({n=}, {length=}, {classes=}, {wrong_labels=}) is out of range")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(n) % classes)
    tokens = rng.integers(classes, vocabulary, (n, length))
    places = rng.random((n, length)).argsort(axis=1)[:, :copies]
    np.put_along_axis(tokens, places, labels[:, None], axis=1)
    if wrong_labels:
        chosen = rng.permutation(n)[: round(wrong_labels * n)]
        labels[chosen] = (labels[chosen] + rng.integers(1, classes, chosen.size)) % classes
    return Sequences(tokens, labels)

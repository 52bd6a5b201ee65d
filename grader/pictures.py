"""What a test or a measure can show as a picture: plain data, drawn only if somebody asked for artifacts.

The shapes are the tests' business, so what does not fit is an error of ours and raises where the picture is
made. Values may come from a submission: NaN and infinity are taken, and leave gaps.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from grader.values import Array


@dataclass(frozen=True)
class Band:
    """Where nine in ten runs of the reference lie, point by point.

    :param low, middle, high: 5 %, 50 % and 95 % quantiles, as long as half of the runs got.
    """

    low: Sequence[float]
    middle: Sequence[float]
    high: Sequence[float]


@dataclass(frozen=True)
class Curves:
    """Lines over the same axis.

    :param name: of the file, and of the curve's calibration: letters, digits, dashes.
    :param lines: label to values.
    :param x, y: what the axes show.
    :param bands: label to what the reference does; a gate fills them in.
    :param at: where the values of every line lie; 0, 1, 2, ... by default.
    """

    name: str
    title: str
    lines: Mapping[str, Sequence[float]]
    x: str = "epoch"
    y: str = "loss"
    bands: Mapping[str, Band] = field(default_factory=dict)
    at: Sequence[float] | None = None

    def __post_init__(self) -> None:
        for label, values in self.lines.items():
            if np.asarray(values, dtype=np.float64).ndim != 1:
                raise ValueError(f"the curve {label!r} of {self.name!r} is not one-dimensional")


@dataclass(frozen=True)
class Images:
    """Rows of gray images, each row with a label.

    :param rows: label to (N, H, W), 0 black and 1 white.
    """

    name: str
    title: str
    rows: Mapping[str, Array]

    def __post_init__(self) -> None:
        for label, images in self.rows.items():
            if np.asarray(images).ndim != 3:
                raise ValueError(f"the row {label!r} of {self.name!r} is not (N, H, W)")


@dataclass(frozen=True)
class Reliability:
    """How often a model is right when it is this sure.

    :param confidence: (N,), the probability of the predicted class.
    :param right: (N,), whether the prediction was right.
    """

    name: str
    title: str
    confidence: Array
    right: Array
    bins: int = 15

    def __post_init__(self) -> None:
        if np.shape(self.confidence) != np.shape(self.right) or np.ndim(self.confidence) != 1:
            raise ValueError(f"confidence and right of {self.name!r} are not of one length")

    def binned(self) -> tuple[Array, Array, Array]:
        """Mean confidence, accuracy and number in each bin (k / bins, (k + 1) / bins]; NaN where empty."""
        confidence = np.nan_to_num(np.asarray(self.confidence, dtype=np.float64))
        right = np.asarray(self.right, dtype=np.float64)
        place = np.clip(np.ceil(confidence * self.bins).astype(int) - 1, 0, self.bins - 1)
        count = np.bincount(place, minlength=self.bins)
        with np.errstate(invalid="ignore"):
            sure = np.bincount(place, confidence, self.bins) / count
            accuracy = np.bincount(place, right, self.bins) / count
        return sure, accuracy, count


@dataclass(frozen=True)
class Captioned:
    """Coloured images, each with the words that a model found for it.

    :param images: (N, H, W, 3), in [0, 1].
    :param captions: for each image its words, each with whether it is right.
    """

    name: str
    title: str
    images: Array
    captions: Sequence[Sequence[tuple[str, bool]]]

    def __post_init__(self) -> None:
        shape = np.shape(self.images)
        if len(shape) != 4 or shape[3] != 3:
            raise ValueError(f"the images of {self.name!r} are not (N, H, W, 3)")
        if len(self.captions) != shape[0]:
            raise ValueError(f"{self.name!r} has {shape[0]} images and {len(self.captions)} captions")


Picture = Curves | Images | Reliability | Captioned


def band_of(runs: Sequence[Sequence[float]]) -> Band:
    """The band of one curve over runs that may end at different points.

    :param runs: one curve a run, at least one; those that are not finite count as infinitely high.
    """
    longest = int(np.median([len(run) for run in runs]))
    table = np.full((len(runs), longest), np.nan)
    for row, run in zip(table, runs, strict=True):
        row[: min(len(run), longest)] = np.asarray(run, dtype=np.float64)[:longest]
    reached = np.arange(longest)[None] < np.array([len(run) for run in runs])[:, None]
    table[reached & ~np.isfinite(table)] = np.inf
    columns = [np.sort(column[~np.isnan(column)]) for column in table.T]

    def quantile(share: float) -> list[float]:
        # Runs, not means of two: an infinite one must not make its neighbours infinite.
        return [float(column[round(share * (len(column) - 1))]) for column in columns]

    return Band(quantile(0.05), quantile(0.5), quantile(0.95))

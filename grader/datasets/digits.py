"""Handwritten-looking digits drawn from a seed: ten bitmaps, bent and blurred, nothing downloaded.

A drawing starts as a 5x7 bitmap enlarged threefold in the middle of a 28x28 image. It then goes through a
random affine map, half of it is blended with its 3x3 average, its contrast is lowered, Gaussian noise is
added, and the pixels are standardised with one fixed mean and deviation, so that training and test images
share them.

Only NumPy is needed: the judge draws its secret data here, and so do the scripts handed out to students.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SIZE = 28
CLASSES = 10

Floats = npt.NDArray[np.float32]
Integers = npt.NDArray[np.int64]

_FONT = (
    ("01110", "10001", "10011", "10101", "11001", "10001", "01110"),
    ("00100", "01100", "00100", "00100", "00100", "00100", "01110"),
    ("01110", "10001", "00001", "00110", "01000", "10000", "11111"),
    ("01110", "10001", "00001", "00110", "00001", "10001", "01110"),
    ("00010", "00110", "01010", "10010", "11111", "00010", "00010"),
    ("11111", "10000", "11110", "00001", "00001", "10001", "01110"),
    ("00110", "01000", "10000", "11110", "10001", "10001", "01110"),
    ("11111", "00001", "00010", "00100", "01000", "01000", "01000"),
    ("01110", "10001", "10001", "01110", "10001", "10001", "01110"),
    ("01110", "10001", "10001", "01111", "00001", "00010", "01100"),
)
_ENLARGED = 3
_TOP, _LEFT = 4, 6
# A border of zeros around each bitmap: sampling outside the image then needs no mask, only clipped
# coordinates.
_BORDER = 2
_PADDED = SIZE + 2 * _BORDER

# The fixed standardisation: about the mean and the deviation of the easy drawings with their noise.
_MEAN, _DEVIATION = 0.13, 0.40
_CONTRAST = (0.5, 1.0)
_BLUR_SHARE = 0.5
# Images are drawn in blocks, so that the sampling's temporaries stay in the processor's cache.
_BLOCK = 128


@dataclass(frozen=True)
class Distortion:
    """How far a drawing may be bent; every range is drawn from uniformly and independently for each image."""

    rotation: float  # degrees to either side
    scale: tuple[float, float]  # 1 is the bitmap's own size
    shear: float  # to either side, as a share of the height
    shift: float  # to either side, as a share of the image's width
    noise: float  # standard deviation, where the strokes are at 0.5 to 1.0


EASY = Distortion(rotation=15.0, scale=(0.9, 1.15), shear=0.15, shift=0.08, noise=0.25)
HARD = Distortion(rotation=25.0, scale=(0.8, 1.2), shear=0.2, shift=0.12, noise=0.45)


def bitmaps() -> Floats:
    """The ten undistorted digits.

    :return: (10, 28, 28), 0 for paper and 1 for ink.
    """
    drawn = np.zeros((CLASSES, SIZE, SIZE), np.float32)
    for digit, rows in enumerate(_FONT):
        small = np.array([[float(cell) for cell in row] for row in rows], np.float32)
        large = np.kron(small, np.ones((_ENLARGED, _ENLARGED), np.float32))
        height, width = large.shape
        drawn[digit, _TOP : _TOP + height, _LEFT : _LEFT + width] = large
    return drawn


def digits(
    count: int, seed: int | tuple[int, ...] | np.random.Generator, *, distortion: Distortion = EASY
) -> tuple[Floats, Integers]:
    """Draw labelled digits; the same seed gives the same digits.

    :param count: number of images; the classes are as equally frequent as this number allows, in random
        order.
    :param distortion: ``EASY`` (a small network reaches 0.96 to 0.99) or ``HARD`` (made for overfitting).
    :return: images (count, 1, 28, 28) float32, standardised, and labels (count,) int64 in 0 .. 9.
    :raises ValueError: for a negative count.
    """
    if count < 0:
        raise ValueError(f"cannot draw {count} digits")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.int64) % CLASSES)
    images = _warp(labels, _affine_maps(count, rng, distortion))
    images = (1 - _BLUR_SHARE) * images + _BLUR_SHARE * _average_3x3(images)
    images *= rng.uniform(*_CONTRAST, size=(count, 1, 1)).astype(np.float32)
    images += np.float32(distortion.noise) * rng.standard_normal(images.shape, dtype=np.float32)
    images -= np.float32(_MEAN)
    images /= np.float32(_DEVIATION)
    return images[:, None], labels


def _affine_maps(count: int, rng: np.random.Generator, distortion: Distortion) -> Floats:
    """The maps from a pixel of the drawing to a place in the bitmap, (count, 2, 3), in pixels off the centre.

    Row 0 gives the column and row 1 the row, each from (column, row, 1).
    """

    def symmetric(limit: float) -> npt.NDArray[np.float64]:
        return rng.uniform(-limit, limit, count)

    angle = symmetric(math.radians(distortion.rotation))
    # The map goes from drawing to bitmap, so a larger digit is a smaller step through the bitmap.
    step = 1.0 / rng.uniform(*distortion.scale, size=count)
    shear = symmetric(distortion.shear)
    maps = np.empty((count, 2, 3), np.float32)
    maps[:, 0, 0] = step * np.cos(angle)
    maps[:, 0, 1] = step * (shear - np.sin(angle))
    maps[:, 1, 0] = step * np.sin(angle)
    maps[:, 1, 1] = step * np.cos(angle)
    maps[:, 0, 2] = symmetric(distortion.shift * SIZE)
    maps[:, 1, 2] = symmetric(distortion.shift * SIZE)
    return maps


def _warp(labels: Integers, maps: Floats) -> Floats:
    """The bitmap of each label seen through its affine map, with bilinear sampling: (count, 28, 28)."""
    padded = np.pad(bitmaps(), ((0, 0), (_BORDER, _BORDER), (_BORDER, _BORDER))).reshape(-1)
    centre = (SIZE - 1) / 2
    row, column = np.mgrid[0:SIZE, 0:SIZE].reshape(2, -1).astype(np.float32) - np.float32(centre)
    grid = np.stack([column, row, np.ones_like(row)])
    drawn = np.empty((len(labels), SIZE * SIZE), np.float32)
    for start in range(0, len(labels), _BLOCK):
        block = slice(start, start + _BLOCK)
        place = maps[block] @ grid
        place += np.float32(centre + _BORDER)
        # Beyond the border everything is paper, so a far place may be moved to the border's outer row.
        np.clip(place, 0.0, _PADDED - 1.001, out=place)
        corner = place.astype(np.int32)
        place -= corner
        across, down = place[:, 0], place[:, 1]
        index = labels[block, None] * _PADDED**2 + corner[:, 1] * _PADDED + corner[:, 0]
        upper = padded[index] * (1 - across) + padded[index + 1] * across
        lower = padded[index + _PADDED] * (1 - across) + padded[index + _PADDED + 1] * across
        drawn[block] = upper * (1 - down) + lower * down
    return drawn.reshape(-1, SIZE, SIZE)


def _average_3x3(images: Floats) -> Floats:
    """The mean over each pixel's 3x3 neighbourhood, with paper outside the image."""
    padded = np.pad(images, ((0, 0), (1, 1), (1, 1)))
    rows = padded[:, :-2] + padded[:, 1:-1] + padded[:, 2:]
    total: Floats = rows[:, :, :-2] + rows[:, :, 1:-1] + rows[:, :, 2:]
    return total / np.float32(9)

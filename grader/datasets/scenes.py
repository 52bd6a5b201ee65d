"""Coloured shapes drawn from a seed, and captions that say what is where. NumPy only.

A scene shows two shapes on a dark gray ground, a larger one on one side and a smaller one on the other:
above, below, left or right. Its caption names the larger one first and says where it lies as seen from the
smaller one: ``<bos> red ring above blue square <eos>``. There are 576 captions, all equally frequent.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SIZE = 32  # pixels, of a side
LENGTH = 7  # words, of a caption

COLOURS = ("red", "green", "blue", "yellow")
SHAPES = ("ring", "square", "cross")
RELATIONS = ("above", "below", "left", "right")
WORDS = ("<pad>", "<bos>", "<eos>", *COLOURS, *SHAPES, *RELATIONS)
PAD, BOS, EOS = 0, 1, 2
RESERVED = 3  # words that keep their ids when the others are renamed
_COLOUR, _SHAPE, _RELATION = (WORDS.index(words[0]) for words in (COLOURS, SHAPES, RELATIONS))

_PAINT = np.array([[1.0, 0.1, 0.1], [0.1, 0.9, 0.1], [0.15, 0.2, 1.0], [0.95, 0.9, 0.1]], np.float32)
_GROUND = 0.25  # gray, at most
_NOISE = 0.05  # standard deviation
_OFFSET = (7.0, 8.0)  # pixels from the middle, along the relation's axis
_ASIDE = 2.0  # pixels, across it, to either side
_RADII = ((6.5, 7.5), (4.0, 4.6))
_LEVELS = 255  # an image has as many shades as fit into a byte
_BLOCK = 256  # scenes drawn at once, so that the temporaries stay small


class Scenes(NamedTuple):
    """Pictures and what they show."""

    images: npt.NDArray[np.float32]  # (N, 3, 32, 32): red, green, blue; multiples of 1/255 in [0, 1]
    captions: npt.NDArray[np.int64]  # (N, 7), ids of WORDS, from <bos> to <eos>


def scenes(count: int, seed: int | tuple[int, ...] | np.random.Generator) -> Scenes:
    """Draw scenes with their captions; the same arguments give the same scenes.

    :raises ValueError: for a negative count.
    """
    if count < 0:
        raise ValueError(f"cannot draw {count} scenes")
    rng = np.random.default_rng(seed)
    colours, shapes = rng.integers(len(COLOURS), size=(2, count)), rng.integers(len(SHAPES), size=(2, count))
    relations = rng.integers(len(RELATIONS), size=count)
    images = np.empty((count, 3, SIZE, SIZE), np.float32)
    for start in range(0, count, _BLOCK):
        block = slice(start, start + _BLOCK)
        images[block] = _paint(colours[:, block], shapes[:, block], relations[block], rng)
    captions = np.empty((count, LENGTH), np.int64)
    captions[:, 0], captions[:, -1] = BOS, EOS
    captions[:, 1], captions[:, 4] = _COLOUR + colours
    captions[:, 2], captions[:, 5] = _SHAPE + shapes
    captions[:, 3] = _RELATION + relations
    return Scenes(images, captions)


def renaming(seed: int | np.random.Generator) -> npt.NDArray[np.int64]:
    """Other ids for the words: ``renaming(seed)[captions]`` are captions in another vocabulary.

    :return: (14,), a permutation that leaves ``<pad>``, ``<bos>`` and ``<eos>`` where they are.
    """
    rng = np.random.default_rng(seed)
    return np.concatenate([np.arange(RESERVED), RESERVED + rng.permutation(len(WORDS) - RESERVED)])


def _paint(
    colours: npt.NDArray[np.int64],
    shapes: npt.NDArray[np.int64],
    relations: npt.NDArray[np.int64],
    rng: np.random.Generator,
) -> npt.NDArray[np.float32]:
    """Images of scenes; of colours and shapes row 0 is the larger object's."""
    count = len(relations)
    along = rng.uniform(*_OFFSET, size=count) * np.where(relations % 2 == 0, -1, 1)
    aside = rng.uniform(-_ASIDE, _ASIDE, size=count)
    upright = relations < 2  # above and below: the relation's axis is the vertical one
    middle = (SIZE - 1) / 2
    row, column = np.where(upright, along, aside), np.where(upright, aside, along)
    images = np.repeat(rng.uniform(0, _GROUND, size=(count, 1, 1, 1)), 3, axis=1) * np.ones((SIZE, SIZE))
    for number, side in enumerate((1, -1)):
        radius = rng.uniform(*_RADII[number], size=count)
        covered = _covered(shapes[number], middle + side * row, middle + side * column, radius)
        images = np.where(covered[:, None], _PAINT[colours[number]][:, :, None, None], images)
    images += _NOISE * rng.standard_normal(images.shape, dtype=np.float32)
    return np.round(np.clip(images, 0, 1) * _LEVELS).astype(np.float32) / np.float32(_LEVELS)


def _covered(
    shapes: npt.NDArray[np.int64],
    rows: npt.NDArray[np.float64],
    columns: npt.NDArray[np.float64],
    radii: npt.NDArray[np.float64],
) -> npt.NDArray[np.bool_]:
    """Which pixels each scene's shape covers, (N, 32, 32)."""
    at = np.arange(SIZE)
    down = np.abs(at - rows[:, None])[:, :, None]
    across = np.abs(at - columns[:, None])[:, None, :]
    radius = radii[:, None, None]
    distance = down**2 + across**2
    ring = (distance < radius**2) & (distance > 0.3 * radius**2)
    square = (down < 0.9 * radius) & (across < 0.9 * radius)
    cross = ((down < 0.36 * radius) | (across < 0.36 * radius)) & (down < radius) & (across < radius)
    drawn: npt.NDArray[np.bool_] = np.choose(shapes[:, None, None], [ring, square, cross])
    return drawn

"""Scenes of three objects drawn from a seed, and captions that say what is where. NumPy only.

A scene of 64 x 64 pixels shows a large, a middle and a small object in three of nine cells. The large and the
middle one share a row or a column of cells, so do the middle and the small one. The caption names them by
size, each followed by where it lies as seen from the next: ``<bos> red ring above blue disc left green cross
<eos>``. There are 432,000 captions.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import numpy.typing as npt

SIDE = 64  # pixels
LENGTH = 10  # words, of a caption

COLOURS = ("red", "green", "blue", "yellow", "magenta", "cyan")
SHAPES = ("ring", "square", "cross", "disc", "triangle")
RELATIONS = ("above", "below", "left", "right")
WORDS = ("<pad>", "<bos>", "<eos>", *COLOURS, *SHAPES, *RELATIONS)
PAD, BOS, EOS = 0, 1, 2
RESERVED = 3  # words that keep their ids when the others are renamed
COLOUR, SHAPE, RELATION = (WORDS.index(words[0]) for words in (COLOURS, SHAPES, RELATIONS))

# What is random beside the choices, each from 0 to 1: the ground, and for each object its radius and place
# (2).
CHANCES = 10
PAINT = (
    (1.0, 0.1, 0.1),
    (0.1, 0.9, 0.1),
    (0.2, 0.3, 1.0),
    (0.95, 0.9, 0.1),
    (0.9, 0.2, 0.9),
    (0.1, 0.9, 0.9),
)
RADII = ((7.4, 8.6), (5.2, 6.0), (3.4, 4.0))  # pixels
PITCH = 21.0  # pixels, from cell to cell
JITTER = 1.0  # pixels, to either side
GROUND = 0.25  # gray, at most
NOISE = 0.05  # standard deviation
_BLOCK = 128  # scenes painted at once, so that the temporaries stay small

Integers = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float32]


def _paths() -> Integers:
    """The cells of the three objects, in every way that there is: (108, 3), cells counted row by row."""

    def in_line(one: int, other: int) -> bool:
        return one != other and (one // 3 == other // 3 or one % 3 == other % 3)

    cells = range(9)
    found = [
        (a, b, c) for a in cells for b in cells for c in cells if in_line(a, b) and in_line(b, c) and a != c
    ]
    return np.array(found, np.int64)


PATHS = _paths()


class Trios(NamedTuple):
    """Pictures and what they show."""

    images: npt.NDArray[np.uint8]  # (N, 3, 64, 64)
    captions: Integers  # (N, 10), ids of WORDS, from <bos> to <eos>


def trios(count: int, seed: int | tuple[int, ...] | np.random.Generator) -> Trios:
    """Draw scenes with their captions; the same arguments give the same scenes.

    :raises ValueError: for a negative count.
    """
    if count < 0:
        raise ValueError(f"cannot draw {count} scenes")
    rng = np.random.default_rng(seed)
    images, captions = np.empty((count, 3, SIDE, SIDE), np.uint8), np.empty((count, LENGTH), np.int64)
    for start in range(0, count, _BLOCK):
        part = slice(start, min(count, start + _BLOCK))
        number = part.stop - start
        colours, shapes = (rng.integers(len(names), size=(number, 3)) for names in (COLOURS, SHAPES))
        cells = PATHS[rng.integers(len(PATHS), size=number)]
        chances = rng.random((number, CHANCES), dtype=np.float32)
        noise = rng.standard_normal((number, 3, SIDE, SIDE), dtype=np.float32)
        images[part] = paint(colours, shapes, cells, chances, noise)
        captions[part] = told(colours, shapes, cells)
    return Trios(images, captions)


def renaming(seed: int | np.random.Generator) -> Integers:
    """Other ids for the words: ``renaming(seed)[captions]`` are captions in another vocabulary.

    :return: (18,), a permutation that leaves ``<pad>``, ``<bos>`` and ``<eos>`` where they are.
    """
    rng = np.random.default_rng(seed)
    return np.concatenate([np.arange(RESERVED), RESERVED + rng.permutation(len(WORDS) - RESERVED)])


def told(colours: Integers, shapes: Integers, cells: Integers) -> Integers:
    """The captions of scenes, (N, 10); each argument is (N, 3), by size."""
    captions = np.empty((len(cells), LENGTH), np.int64)
    captions[:, 0], captions[:, -1] = BOS, EOS
    captions[:, 1:9:3] = COLOUR + colours
    captions[:, 2:9:3] = SHAPE + shapes
    for place in range(2):
        first, second = cells[:, place], cells[:, place + 1]
        same_column = first % 3 == second % 3
        captions[:, 3 + 3 * place] = RELATION + np.where(same_column, 0, 2) + (first > second)
    return captions


def paint(
    colours: Integers, shapes: Integers, cells: Integers, chances: Floats, noise: Floats
) -> npt.NDArray[np.uint8]:
    """Scenes: choices (N, 3), by size; (N, 10) from 0 to 1; (N, 3, 64, 64) standard normal."""
    at = np.arange(SIDE, dtype=np.float32) - np.float32((SIDE - 1) / 2)
    chance = chances.T[:, :, None]
    image = np.broadcast_to(GROUND * chance[0][:, None, None], (len(cells), 3, SIDE, SIDE))
    for number, (least, most) in enumerate(RADII):
        radius = least + np.float32(most - least) * chance[1 + number]
        place = [
            PITCH * (cell - 1) + JITTER * (2 * chance[4 + 2 * number + axis] - 1)
            for axis, cell in enumerate((cells[:, number, None] // 3, cells[:, number, None] % 3))
        ]
        v, u = ((at - middle.astype(np.float32)) / radius for middle in place)
        inside = _inside(shapes[:, number], u[:, None, :], v[:, :, None])
        colour = np.array(PAINT, np.float32)[colours[:, number]][:, :, None, None]
        image = np.where(inside[:, None], colour, image)
    scenes: npt.NDArray[np.uint8] = np.round(np.clip(image + np.float32(NOISE) * noise, 0, 1) * 255).astype(
        np.uint8
    )
    return scenes


def _inside(shapes: Integers, u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    """Which points lie inside each shape, in its own coordinates, where it reaches to about 1."""
    distance, widest, narrowest = u**2 + v**2, np.maximum(abs(u), abs(v)), np.minimum(abs(u), abs(v))
    ring = (distance < 1) & (distance > 0.3)
    square = widest < 0.88
    cross = (narrowest < 0.34) & (widest < 1)
    disc = distance < 1
    triangle = (v < 0.8) & (1.5 * abs(u) - v < 0.9)
    drawn: npt.NDArray[np.bool_] = np.choose(shapes[:, None, None], [ring, square, cross, disc, triangle])
    return drawn

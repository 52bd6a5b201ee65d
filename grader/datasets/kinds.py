"""Pictures of a hundred kinds of things, drawn from a seed: shape x colour x texture x how many. NumPy only.

A picture shows one or two objects of one kind, turned, shaded and somewhere, on a gray ground with noise. The
kind is ``((shape * 5 + colour) * 2 + texture) * 2 + number``, where a number of 1 says that there are two.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

SIDE = 128  # pixels, unless another is asked for
SHAPES = ("disc", "ring", "square", "cross", "triangle")
COLOURS = ("red", "green", "blue", "yellow", "magenta")
TEXTURES = ("plain", "striped")
KINDS = len(SHAPES) * len(COLOURS) * len(TEXTURES) * 2

# What is random in a picture, each from 0 to 1: ground, brightness, the middle (2), the direction from one
# object to the other, and for each object its radius and how it is turned; direction, width and phase of
# stripes.
CHANCES = 12
PAINT = ((1.0, 0.15, 0.1), (0.1, 0.85, 0.2), (0.2, 0.3, 1.0), (0.95, 0.9, 0.1), (0.9, 0.2, 0.9))
_NOISE = 0.06  # standard deviation
_BLOCK = 64  # pictures painted at once, so that the temporaries stay small

Floats = npt.NDArray[np.float32]


def kinds(
    count: int, seed: int | tuple[int, ...] | np.random.Generator, *, side: int = SIDE, classes: int = KINDS
) -> tuple[npt.NDArray[np.uint8], npt.NDArray[np.int64]]:
    """Draw labelled pictures; the same arguments give the same pictures.

    :param classes: only the first ones of the hundred.
    :return: pictures (count, 3, side, side) uint8 and kinds (count,) int64, as equally frequent as the number
        allows and in random order.
    :raises ValueError: for a negative count, or for classes that there are not.
    """
    if count < 0 or not 1 <= classes <= KINDS:
        raise ValueError(f"cannot draw {count} pictures of {classes} kinds")
    rng = np.random.default_rng(seed)
    labels = rng.permutation(np.arange(count, dtype=np.int64) % classes)
    pictures = np.empty((count, 3, side, side), np.uint8)
    for start in range(0, count, _BLOCK):
        part = labels[start : start + _BLOCK]
        chances = rng.random((len(part), CHANCES), dtype=np.float32)
        noise = rng.standard_normal((len(part), 3, side, side), dtype=np.float32)
        pictures[start : start + _BLOCK] = paint(part, chances, noise)
    return pictures, labels


def paint(labels: npt.NDArray[np.int64], chances: Floats, noise: Floats) -> npt.NDArray[np.uint8]:
    """Pictures of these kinds: (N,), (N, 12) from 0 to 1, (N, 3, side, side) standard normal."""
    side = noise.shape[-1]
    at = ((np.arange(side, dtype=np.float32) + 0.5) / side - 0.5)[None]
    chance = chances.T[:, :, None, None]
    down, across = at[:, :, None], at[:, None, :]
    shapes, colours = labels // 20, labels // 4 % 5
    striped, two = (labels // 2 % 2 == 1)[:, None, None], (labels % 2 == 1)[:, None, None]

    direction = 2 * math.pi * chance[4]
    apart = np.where(two, 0.24, 0.0).astype(np.float32)
    wander = np.where(two, 0.06, 0.2).astype(np.float32)
    middle = [wander * (2 * chance[number] - 1) for number in (2, 3)]
    covered = np.zeros((len(labels), side, side), bool)
    for number, sign in enumerate((1, -1)):
        radius = 0.12 + np.where(two, 0.06, 0.14).astype(np.float32) * chance[5 + 2 * number]
        turn = 2 * math.pi * chance[6 + 2 * number]
        x = (across - middle[0] - sign * apart * np.cos(direction)) / radius
        y = (down - middle[1] - sign * apart * np.sin(direction)) / radius
        inside = _inside(shapes, x * np.cos(turn) + y * np.sin(turn), y * np.cos(turn) - x * np.sin(turn))
        covered |= inside & (two | (number == 0))

    slant = math.pi * chance[9]
    wave = np.sin((40 + 25 * chance[10]) * (across * np.cos(slant) + down * np.sin(slant)) + 6.3 * chance[11])
    shade = np.where(striped & (wave > 0), 0.3, 1.0).astype(np.float32) * (0.6 + 0.4 * chance[1])
    colour = np.array(PAINT, np.float32)[colours][:, :, None, None] * shade[:, None]
    image = np.where(covered[:, None], colour, 0.45 * chance[0][:, None]) + np.float32(_NOISE) * noise
    pictures: npt.NDArray[np.uint8] = np.round(np.clip(image, 0, 1) * 255).astype(np.uint8)
    return pictures


def _inside(shapes: npt.NDArray[np.int64], u: Floats, v: Floats) -> npt.NDArray[np.bool_]:
    """Which points lie inside each shape, in its own coordinates, where it reaches to about 1."""
    distance, widest, narrowest = u**2 + v**2, np.maximum(abs(u), abs(v)), np.minimum(abs(u), abs(v))
    disc = distance < 1
    ring = disc & (distance > 0.36)
    square = widest < 0.85
    cross = (narrowest < 0.3) & (widest < 0.95)
    triangle = (v > -0.6) & (1.7 * abs(u) + v < 1)
    drawn: npt.NDArray[np.bool_] = np.choose(shapes[:, None, None], [disc, ring, square, cross, triangle])
    return drawn

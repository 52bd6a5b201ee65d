"""Reads digits by likeness to the ten bitmaps, turned, scaled and moved: nothing is trained. NumPy only.

It tells a judge whether a picture still shows what it showed, however it was moved, and whether a figure was
mirrored or turned. Brightness and contrast do not matter to it.
"""

from __future__ import annotations

import functools
import math

import numpy as np
import numpy.typing as npt

from grader.datasets.digits import SIZE, bitmaps

Images = npt.NDArray[np.floating]
Integers = npt.NDArray[np.int64]

_ANGLES = tuple(range(-45, 46, 15))  # degrees
_SCALES = (0.75, 1.0, 1.3)
_SEEN = 0.4  # likeness from which a figure is there; noise reaches 0.2


def read_digits(images: Images) -> Integers:
    """The digit that each image resembles most.

    :param images: (N, 28, 28) or (N, 1, 28, 28); a constant image reads as 0.
    :return: (N,) in 0 .. 9.
    """
    templates, classes = _digit_templates()
    found: Integers = classes[likeness(images.reshape(-1, SIZE, SIZE), templates).argmax(axis=1)]
    return found


def orientation(images: Images, figure: Images) -> Integers:
    """Which of its eight positions a figure is in.

    :param images: (N, S, S), the figure, moved and turned a little.
    :param figure: (S, S), unlike its own mirror images and quarter turns.
    :return: (N,): 0 is as given, 1 to 3 that many quarter turns, 4 to 7 the same for its mirror image, 8
        where the figure cannot be seen in any of them.
    """
    positions = [np.rot90(side, turns) for side in (figure, figure[:, ::-1]) for turns in range(4)]
    templates = np.concatenate([_turned(position[None], _ANGLES[1:-1], _SCALES) for position in positions])
    found = likeness(images, templates).reshape(len(images), len(positions), -1)
    seen = found.max(axis=(1, 2)) >= _SEEN
    return np.where(seen, found.max(axis=2).argmax(axis=1), len(positions)).astype(np.int64)


def likeness(images: Images, templates: Images) -> npt.NDArray[np.float64]:
    """The largest correlation of each image with each template, over all places to which it can move.

    :param images: (N, S, S).
    :param templates: (T, S, S).
    :return: (N, T), 1 at most; 0 for a constant image.
    """
    size = images.shape[-1]
    spectra = np.conj(np.fft.rfft2(_normed(templates)))
    best = np.empty((len(images), len(templates)))
    for at, image in enumerate(_normed(images)):
        correlation = np.fft.irfft2(np.fft.rfft2(image) * spectra, s=(size, size))
        best[at] = correlation.max(axis=(1, 2))
    return best


def _normed(images: Images) -> npt.NDArray[np.float64]:
    """Images of mean 0 and norm 1; a constant one becomes 0."""
    centred = images.astype(np.float64) - images.mean(axis=(1, 2), keepdims=True)
    norms = np.sqrt((centred**2).sum(axis=(1, 2), keepdims=True))
    result: npt.NDArray[np.float64] = centred / np.maximum(norms, 1e-12)
    return result


@functools.cache
def _digit_templates() -> tuple[Images, Integers]:
    drawn = bitmaps()
    templates = _turned(drawn, _ANGLES, _SCALES)
    return templates, np.repeat(np.arange(len(drawn)), len(templates) // len(drawn))


def _turned(figures: Images, angles: tuple[int, ...], scales: tuple[float, ...]) -> Images:
    """Each figure at every angle and scale, figures outermost: (F * A * C, S, S), bilinear."""
    size = figures.shape[-1]
    centre = (size - 1) / 2
    row, column = np.mgrid[0:size, 0:size] - centre
    padded = np.pad(figures, ((0, 0), (1, 1), (1, 1)))
    drawn = []
    for angle in angles:
        cosine, sine = math.cos(math.radians(angle)), math.sin(math.radians(angle))
        for scale in scales:
            across = np.clip((cosine * column - sine * row) / scale + centre + 1, 0, size + 0.999)
            down = np.clip((sine * column + cosine * row) / scale + centre + 1, 0, size + 0.999)
            left, top = across.astype(int), down.astype(int)
            u, v = across - left, down - top
            upper = padded[:, top, left] * (1 - u) + padded[:, top, left + 1] * u
            lower = padded[:, top + 1, left] * (1 - u) + padded[:, top + 1, left + 1] * u
            drawn.append(upper * (1 - v) + lower * v)
    return np.stack(drawn, axis=1).reshape(-1, size, size)

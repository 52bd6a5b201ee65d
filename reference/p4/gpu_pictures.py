"""Given with p4, not handed in: the pictures of ``grader.datasets.kinds`` and ``.trios``, drawn on the
device.

The same shapes, colours and chances, painted with torch where the training data has to be. The draws differ
from NumPy's, the distribution does not.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor

Device = str | torch.device

KIND_PAINT = ((1.0, 0.15, 0.1), (0.1, 0.85, 0.2), (0.2, 0.3, 1.0), (0.95, 0.9, 0.1), (0.9, 0.2, 0.9))
TRIO_PAINT = (
    (1.0, 0.1, 0.1),
    (0.1, 0.9, 0.1),
    (0.2, 0.3, 1.0),
    (0.95, 0.9, 0.1),
    (0.9, 0.2, 0.9),
    (0.1, 0.9, 0.9),
)
RADII = ((7.4, 8.6), (5.2, 6.0), (3.4, 4.0))
TRIO_SIDE, TRIO_LENGTH = 64, 10
BOS, EOS, COLOUR, SHAPE, RELATION = 1, 2, 3, 9, 14  # words of a caption: see grader.datasets.trios.WORDS
_BLOCK = 1024  # pictures painted at once: the temporaries of a block take a few hundred megabytes


# ---- A hundred kinds of things -----------------------------------------------------------------------------


def draw_kinds(
    count: int, seed: int, device: Device, side: int = 128, classes: int = 100
) -> tuple[Tensor, Tensor]:
    """Pictures (count, 3, side, side) uint8 and their kinds (count,) int64, on the device.

    The kinds are as equally frequent as the number allows, in random order.
    """
    generator = Generator(device=device).manual_seed(seed)
    labels = torch.randperm(count, generator=generator, device=device) % classes
    pictures = torch.empty((count, 3, side, side), dtype=torch.uint8, device=device)
    for start in range(0, count, _BLOCK):
        part = labels[start : start + _BLOCK]
        chances = torch.rand((len(part), 12), generator=generator, device=device)
        noise = torch.randn((len(part), 3, side, side), generator=generator, device=device)
        pictures[start : start + _BLOCK] = paint_kinds(part, chances, noise)
    return pictures, labels


def paint_kinds(labels: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
    """As ``grader.datasets.kinds.paint``: kinds (N,), chances (N, 12), noise (N, 3, side, side)."""
    side = noise.shape[-1]
    at = ((torch.arange(side, dtype=torch.float32, device=labels.device) + 0.5) / side - 0.5)[None]
    chance = chances.T[:, :, None, None]
    down, across = at[:, :, None], at[:, None, :]
    shapes, colours = labels // 20, labels // 4 % 5
    striped, two = (labels // 2 % 2 == 1)[:, None, None], (labels % 2 == 1)[:, None, None]

    direction = 2 * math.pi * chance[4]
    apart, wander = torch.where(two, 0.24, 0.0), torch.where(two, 0.06, 0.2)
    middle = [wander * (2 * chance[number] - 1) for number in (2, 3)]
    covered = torch.zeros((len(labels), side, side), dtype=torch.bool, device=labels.device)
    for number, sign in enumerate((1, -1)):
        radius = 0.12 + torch.where(two, 0.06, 0.14) * chance[5 + 2 * number]
        turn = 2 * math.pi * chance[6 + 2 * number]
        x = (across - middle[0] - sign * apart * direction.cos()) / radius
        y = (down - middle[1] - sign * apart * direction.sin()) / radius
        u, v = x * turn.cos() + y * turn.sin(), y * turn.cos() - x * turn.sin()
        distance, widest, narrowest = _distances(u, v)
        disc = distance < 1
        forms = (
            disc,
            disc & (distance > 0.36),
            widest < 0.85,
            (narrowest < 0.3) & (widest < 0.95),
            (v > -0.6) & (1.7 * u.abs() + v < 1),
        )
        covered |= _chosen(shapes, forms) & (two | (number == 0))

    slant = math.pi * chance[9]
    wave = (40 + 25 * chance[10]) * (across * slant.cos() + down * slant.sin()) + 6.3 * chance[11]
    shade = torch.where(striped & (wave.sin() > 0), 0.3, 1.0) * (0.6 + 0.4 * chance[1])
    paint = torch.tensor(KIND_PAINT, device=labels.device)
    colour = paint[colours][:, :, None, None] * shade[:, None]
    image = torch.where(covered[:, None], colour, 0.45 * chance[0][:, None]) + 0.06 * noise
    return (image.clamp(0, 1) * 255).round().to(torch.uint8)


# ---- Three objects and a caption ---------------------------------------------------------------------------


def draw_trios(count: int, seed: int, device: Device) -> tuple[Tensor, Tensor]:
    """Scenes (count, 3, 64, 64) uint8 and their captions (count, 10) int64, on the device."""
    generator = Generator(device=device).manual_seed(seed)
    scenes = torch.empty((count, 3, TRIO_SIDE, TRIO_SIDE), dtype=torch.uint8, device=device)
    captions = torch.empty((count, TRIO_LENGTH), dtype=torch.int64, device=device)
    paths = _paths(device)
    for start in range(0, count, _BLOCK):
        number = min(count - start, _BLOCK)
        colours, shapes = (
            torch.randint(names, (number, 3), generator=generator, device=device) for names in (6, 5)
        )
        cells = paths[torch.randint(len(paths), (number,), generator=generator, device=device)]
        chances = torch.rand((number, 10), generator=generator, device=device)
        noise = torch.randn((number, 3, TRIO_SIDE, TRIO_SIDE), generator=generator, device=device)
        scenes[start : start + number] = paint_trios(colours, shapes, cells, chances, noise)
        captions[start : start + number] = told(colours, shapes, cells)
    return scenes, captions


def _paths(device: Device) -> Tensor:
    """The cells of the three objects, in every way that there is: (108, 3)."""
    a, b, c = torch.cartesian_prod(*[torch.arange(9)] * 3).T

    def in_line(one: Tensor, other: Tensor) -> Tensor:
        return (one != other) & ((one // 3 == other // 3) | (one % 3 == other % 3))

    return torch.stack([a, b, c], dim=1)[in_line(a, b) & in_line(b, c) & (a != c)].to(device)


def told(colours: Tensor, shapes: Tensor, cells: Tensor) -> Tensor:
    """As ``grader.datasets.trios.told``."""
    captions = torch.empty((len(cells), TRIO_LENGTH), dtype=torch.int64, device=cells.device)
    captions[:, 0], captions[:, -1] = BOS, EOS
    captions[:, 1:9:3] = COLOUR + colours
    captions[:, 2:9:3] = SHAPE + shapes
    for place in range(2):
        first, second = cells[:, place], cells[:, place + 1]
        sideways = torch.where(first % 3 == second % 3, 0, 2)
        captions[:, 3 + 3 * place] = RELATION + sideways + (first > second)
    return captions


def paint_trios(colours: Tensor, shapes: Tensor, cells: Tensor, chances: Tensor, noise: Tensor) -> Tensor:
    """As ``grader.datasets.trios.paint``."""
    at = torch.arange(TRIO_SIDE, dtype=torch.float32, device=cells.device) - (TRIO_SIDE - 1) / 2
    paint = torch.tensor(TRIO_PAINT, device=cells.device)
    chance = chances.T[:, :, None]
    image = (0.25 * chance[0][:, None, None]).expand(-1, 3, TRIO_SIDE, TRIO_SIDE)
    for number, (least, most) in enumerate(RADII):
        radius = least + (most - least) * chance[1 + number]
        row, column = (
            21.0 * (cell - 1) + 2 * chance[4 + 2 * number + axis] - 1
            for axis, cell in enumerate((cells[:, number, None] // 3, cells[:, number, None] % 3))
        )
        v, u = ((at - row) / radius)[:, :, None], ((at - column) / radius)[:, None, :]
        distance, widest, narrowest = _distances(u, v)
        forms = (
            (distance < 1) & (distance > 0.3),
            widest < 0.88,
            (narrowest < 0.34) & (widest < 1),
            distance < 1,
            (v < 0.8) & (1.5 * u.abs() - v < 0.9),
        )
        inside = _chosen(shapes[:, number], forms)
        image = torch.where(inside[:, None], paint[colours[:, number]][:, :, None, None], image)
    return ((image + 0.05 * noise).clamp(0, 1) * 255).round().to(torch.uint8)


def _distances(u: Tensor, v: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Squared distance from the middle, and the larger and the smaller one of the two coordinates."""
    return u**2 + v**2, torch.maximum(u.abs(), v.abs()), torch.minimum(u.abs(), v.abs())


def _chosen(shapes: Tensor, forms: tuple[Tensor, ...]) -> Tensor:
    """Of each picture the form of its shape."""
    inside = torch.zeros_like(forms[0])
    for number, form in enumerate(forms):
        inside |= form & (shapes == number)[:, None, None]
    return inside

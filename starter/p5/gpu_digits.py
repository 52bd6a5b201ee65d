"""Given with p5, not handed in: digits drawn on the device, the task of ``grader.datasets.digits``.

The same font, the same affine maps, the same blur, contrast and noise, drawn with torch where the training
data has to be: hundreds of thousands of images take less time than copying them would. The draws differ from
NumPy's, the distribution does not.
"""

from __future__ import annotations

import math

import torch
from torch import Generator, Tensor
from torch.nn import functional as F

SIZE = 28
CLASSES = 10
MEAN, DEVIATION = 0.13, 0.40
ROTATION = math.radians(15.0)
SCALE = (0.9, 1.15)
SHEAR = 0.15
SHIFT = 0.08 * SIZE  # pixels
CONTRAST = (0.5, 1.0)
NOISE = 0.25
_BLOCK = 16384  # images drawn at once: the sampling grid of a block takes 100 MB


def draw(bitmaps: Tensor, count: int, seed: int, device: str | torch.device) -> tuple[Tensor, Tensor]:
    """Draw labelled digits; the same seed gives the same digits on the same kind of device.

    :param bitmaps: (10, 28, 28) float32, as ``grader.datasets.digits.bitmaps`` gives them.
    :return: images (count, 1, 28, 28) float32, standardised, and labels (count,) int64 in 0 .. 9, as equally
        frequent as the number allows and in random order; both on the device.
    """
    generator = Generator(device=device).manual_seed(seed)
    labels = torch.randperm(count, generator=generator, device=device) % CLASSES
    images = torch.empty((count, 1, SIZE, SIZE), device=device)
    bitmaps = bitmaps.to(device)
    for start in range(0, count, _BLOCK):
        part = labels[start : start + _BLOCK]
        maps = affine_maps(len(part), generator)
        contrast = _uniform(generator, len(part), *CONTRAST)
        noise = torch.randn((len(part), 1, SIZE, SIZE), generator=generator, device=device)
        images[start : start + _BLOCK] = render(bitmaps[part], maps, contrast, noise)
    return images, labels


def affine_maps(count: int, generator: Generator) -> Tensor:
    """Maps from a pixel of the drawing to a place in the bitmap, (count, 2, 3), in pixels off the centre.

    Row 0 gives the column and row 1 the row, each from (column, row, 1).
    """
    angle = _uniform(generator, count, -ROTATION, ROTATION)
    # The map goes from drawing to bitmap, so a larger digit is a smaller step through the bitmap.
    step = 1.0 / _uniform(generator, count, *SCALE)
    shear = _uniform(generator, count, -SHEAR, SHEAR)
    shifts = [_uniform(generator, count, -SHIFT, SHIFT) for _ in range(2)]
    sine, cosine = angle.sin(), angle.cos()
    rows = [step * cosine, step * (shear - sine), shifts[0], step * sine, step * cosine, shifts[1]]
    return torch.stack(rows, dim=1).reshape(count, 2, 3)


def render(bitmaps: Tensor, maps: Tensor, contrast: Tensor, noise: Tensor) -> Tensor:
    """Standardised images (N, 1, 28, 28) of bitmaps (N, 28, 28), bent by maps (N, 2, 3).

    :param noise: (N, 1, 28, 28), standard normal.
    """
    half = (SIZE - 1) / 2
    # affine_grid counts from -1 to 1 between the middles of the outer pixels: only the shift has a unit.
    theta = maps / torch.tensor([1.0, 1.0, half], device=maps.device)
    grid = F.affine_grid(theta, [len(maps), 1, SIZE, SIZE], align_corners=True)
    bent = F.grid_sample(bitmaps[:, None], grid, padding_mode="zeros", align_corners=True)
    blurred = F.avg_pool2d(bent, 3, stride=1, padding=1)
    drawn = (bent + blurred) / 2 * contrast[:, None, None, None]
    return (drawn + NOISE * noise - MEAN) / DEVIATION


def _uniform(generator: Generator, count: int, low: float, high: float) -> Tensor:
    return low + (high - low) * torch.rand(count, generator=generator, device=generator.device)

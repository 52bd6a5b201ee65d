"""Given with p2, not handed in: parameters and gradients for the AdamW of gpu.py, the same on every device.

Each number is a hash of its place and a seed, in 32-bit integers: whoever knows the seed can compute any one
of 110 million numbers without the others, on a GPU as in NumPy. Gradients have magnitudes from 1 down to
1e-7.
"""

from __future__ import annotations

import torch
from torch import Tensor

STRIPES = 64  # gradients change sign stripe by stripe
_MAGNITUDES = 8
_PIECE = 1 << 22  # numbers hashed at once: the 64-bit integers of a piece take 32 MB
_MASK = (1 << 32) - 1


def uniform(count: int, seed: int, device: str | torch.device) -> Tensor:
    """(count,) float32 in [-1, 1), multiples of 2**-23; ``count`` and ``seed`` below 2**31."""
    numbers = torch.empty(count, device=device)
    for start in range(0, count, _PIECE):
        place = torch.arange(start, min(count, start + _PIECE), device=device)
        mixed = (place * 0x9E3779B1 + seed) & _MASK
        for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
            mixed ^= mixed >> shift
            mixed = (mixed * factor) & _MASK
        mixed ^= mixed >> 16
        numbers[start : start + _PIECE] = (mixed >> 8).float() * 2.0**-23 - 1
    return numbers


def gradients(count: int, seed: int, device: str | torch.device) -> Tensor:
    """(count,) float32: ``uniform`` times 10 ** -(place % 8)."""
    scales = torch.tensor([10.0**-power for power in range(_MAGNITUDES)], device=device)
    return uniform(count, seed, device) * scales.repeat(-(-count // _MAGNITUDES))[:count]


def change(grad: Tensor, step: int) -> None:
    """What becomes of the gradients, in place, before step 1, 2, ...: one stripe of 64 changes its sign."""
    length = len(grad) // STRIPES
    start = step % STRIPES * length
    grad[start : start + length].neg_()

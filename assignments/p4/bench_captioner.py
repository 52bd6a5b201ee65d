"""Runs captioner.py in other circumstances: other global seeds, memories of any length."""

from __future__ import annotations

import random

import captioner
import numpy as np
import torch
from torch import Tensor, nn
from torch.optim.optimizer import register_optimizer_step_post_hook


def _reseed(seed: int) -> None:
    """Seed the sources of randomness that nobody was asked to use."""
    torch.manual_seed(seed)
    np.random.seed(seed)
    random.seed(seed)


def _scramble(module: nn.Module, seed: int, spread: float) -> None:
    """Put random matrices in place of a module's own.

    :param spread: about the standard deviation of what a matrix makes of a normalised vector.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in module.parameters():
            if parameter.ndim > 1:
                deviation = spread / parameter[0].numel() ** 0.5
                parameter.copy_(deviation * torch.randn(parameter.shape, generator=generator))


_trained: list[nn.Module] = []  # by trained_under, for trained_logits


def trained_under(
    images: Tensor, captions: Tensor, runs: list[tuple[int, int, int]]
) -> tuple[Tensor, Tensor]:
    """Train several times. What the models make of other scenes comes later, with trained_logits.

    :param runs: of each training its seed, the global seed that it finds, and its steps.
    :return: images and captions as they were left.
    """
    _trained.clear()
    for seed, global_seed, steps in runs:
        _reseed(global_seed)
        _trained.append(captioner.train(images, captions, seed, steps=steps).eval())
    return images, captions


def optimizer_steps(images: Tensor, captions: Tensor, seed: int, steps: int) -> int:
    """How many steps torch's optimizers take in a training of so many steps; 0 where none is used."""
    taken = []
    hook = register_optimizer_step_post_hook(lambda *_: taken.append(1))
    try:
        captioner.train(images, captions, seed, steps=steps)
    finally:
        hook.remove()
    return len(taken)


def trained_logits(tests: Tensor, tokens: Tensor) -> Tensor:
    """Logits of tests and tokens by each of these models, (runs, K, T, V)."""
    with torch.no_grad():
        return torch.stack([model(tests, tokens) for model in _trained])


def decoder_outputs(batches: list[tuple[Tensor, Tensor]], seed: int) -> list[Tensor]:
    """What a new Decoder with random matrices makes of some batches x (B, T, d) and memory (B, S, d)."""
    decoder = captioner.Decoder().eval()
    _scramble(decoder, seed, 1.0)
    with torch.no_grad():
        return [decoder(x, memory) for x, memory in batches]

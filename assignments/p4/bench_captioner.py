"""Runs captioner.py in other circumstances: other global seeds, images one by one, memories of any length."""

from __future__ import annotations

import random

import captioner
import numpy as np
import torch
from torch import Tensor, nn


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


def trained_under(
    images: Tensor, captions: Tensor, tests: Tensor, tokens: Tensor, runs: list[tuple[int, int, int]]
) -> tuple[Tensor, Tensor, Tensor]:
    """Train several times.

    :param runs: of each training its seed, the global seed that it finds, and its steps.
    :return: logits of tests and tokens, (runs, K, T, V); images and captions as they were left.
    """
    logits = []
    for seed, global_seed, steps in runs:
        _reseed(global_seed)
        model = captioner.train(images, captions, seed, steps=steps).eval()
        with torch.no_grad():
            logits.append(model(tests, tokens))
    return torch.stack(logits), images, captions


def decoded_in_parts(
    images: Tensor, captions: Tensor, tests: Tensor, seed: int, scramble: int, sizes: list[int]
) -> tuple[list[Tensor], Tensor, Tensor]:
    """Caption the same tests in batches of each size, by a model with random matrices.

    :return: the captions; the model's logits for the next word after each prefix of the first ones,
        (M, 6, V); the tests as they were left.
    """
    model = captioner.train(images, captions, seed, steps=2).eval()
    _scramble(model, scramble, 3.0)
    written = []
    for number, size in enumerate(sizes):
        _reseed(number)
        written.append(torch.cat([captioner.decode(model, part) for part in tests.split(size)]))
    with torch.no_grad():
        logits = [model(tests.clone(), written[0][:, :length])[:, -1] for length in range(1, 7)]
    return written, torch.stack(logits, dim=1), tests


def decoder_looks(x: Tensor, others: Tensor, memory: Tensor, other_memory: Tensor, seed: int) -> Tensor:
    """What a new Decoder with random matrices makes of vectors, and of the same where one thing is exchanged.

    :param x, others: (B, T, d); memory, other_memory: (B, S, d), S any number.
    :return: (T + 2, B, T, d): plane s < T with position s exchanged for that of others, plane T with the
        other memory, plane T + 1 with everything exchanged but the last sample; each minus what comes out
        when nothing is exchanged.
    """
    decoder = captioner.Decoder().eval()
    _scramble(decoder, seed, 1.0)
    with torch.no_grad():
        given = decoder(x, memory)
        planes = []
        for place in range(x.shape[1]):
            changed = x.clone()
            changed[:, place] = others[:, place]
            planes.append(decoder(changed, memory))
        planes.append(decoder(x, other_memory))
        mixed, mixed_memory = others.clone(), other_memory.clone()
        mixed[-1], mixed_memory[-1] = x[-1], memory[-1]
        planes.append(decoder(mixed, mixed_memory))
    return torch.stack(planes) - given

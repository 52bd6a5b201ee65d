"""Trains with captioner.py and lets it caption scenes, on plain data."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import captioner
import torch
from torch import Tensor, nn


def _floats(images: Tensor) -> Tensor:
    """What was drawn, of images that travelled as bytes."""
    return images.float() / 255


@contextmanager
def _losses() -> Iterator[list[float]]:
    """Collects the numbers that backward is called on, in order."""
    seen: list[float] = []
    backward = Tensor.backward

    def noted(self: Tensor, *args: object, **kwargs: object) -> None:
        if self.numel() == 1:
            seen.append(float(self.detach()))
        return backward(self, *args, **kwargs)

    Tensor.backward = noted
    try:
        yield seen
    finally:
        Tensor.backward = backward


def _trained(images: Tensor, captions: Tensor, seed: int, steps: int | None) -> nn.Module:
    """What train makes of scenes, in eval mode; None leaves the number of steps to the submission."""
    if steps is None:
        return captioner.train(images, captions, seed).eval()
    return captioner.train(images, captions, seed, steps=steps).eval()


def _looks(model: nn.Module, images: Tensor, tokens: Tensor) -> Tensor:
    """Logits of words and images, and of the same where one thing is exchanged: (8, K, 6, V).

    Of 2K images and token rows the second half is what is exchanged for. Plane 0 is as given; in plane s, 1
    to 5, word s is another; in plane 6 the images are others; plane 7 has all samples of the batch exchanged
    but the last.
    """
    half = len(tokens) // 2
    given, others = tokens[:half, :-1], tokens[half:, :-1]
    shown, other_images = images[:half], images[half : 2 * half]
    with torch.no_grad():
        planes = [model(shown, given)]
        for place in range(1, given.shape[1]):
            changed = given.clone()
            changed[:, place] = 3 + (given[:, place] - 3 + 1) % 11
            planes.append(model(shown, changed))
        planes.append(model(other_images, given))
        mixed_images, mixed = other_images.clone(), others.clone()
        mixed_images[-1], mixed[-1] = shown[-1], given[-1]
        planes.append(model(mixed_images, mixed))
    return torch.stack(planes)


_kept: list[nn.Module] = []  # the model of the last training, which the calls behind it ask


def captioner_trained(images: Tensor, captions: Tensor, seed: int, steps: int | None = None) -> list[float]:
    """Train on scenes. What the model is to caption comes later, with captioner_captions.

    :param images: (N, 3, 32, 32) uint8.
    :return: the losses that backward was called on.
    """
    with _losses() as losses:
        _kept[:] = [_trained(_floats(images), captions, seed, steps)]
    return losses


def captioner_captions(tests: Tensor, tokens: Tensor) -> tuple[Tensor, Tensor]:
    """Let the trained model caption other scenes.

    :param tests: (M, 3, 32, 32) uint8.
    :param tokens: (2K, 7), words for :func:`_looks`; K images of the tests go with them.
    :return: captions of the tests; logits of :func:`_looks`.
    """
    model, new = _kept[0], _floats(tests)
    written = torch.cat([captioner.decode(model, part) for part in new.split(250)])
    return written, _looks(model, new[: len(tokens)], tokens)


def _scrambled(model: nn.Module, seed: int, spread: float) -> nn.Module:
    """The same model with random matrices: its words vary from image to image as they do after a training.

    :param spread: about the standard deviation of what a matrix makes of a normalised vector.
    """
    generator = torch.Generator().manual_seed(seed)
    with torch.no_grad():
        for parameter in model.parameters():
            if parameter.ndim > 1:
                deviation = spread / parameter[0].numel() ** 0.5
                parameter.copy_(deviation * torch.randn(parameter.shape, generator=generator))
    return model


def short_model(images: Tensor, captions: Tensor, seed: int, scramble: int, spread: float) -> None:
    """Train for two steps and replace the matrices by random ones; images as floats.

    What the model is to say comes later, with kept_captions and kept_logits.
    """
    _kept[:] = [_scrambled(_trained(images, captions, seed, 2), scramble, spread)]


def kept_captions(parts: list[Tensor]) -> tuple[list[Tensor], list[Tensor]]:
    """Captions of some batches of images, one after the other, and the images as they were left."""
    written = []
    for number, part in enumerate(parts):
        torch.manual_seed(number)
        written.append(captioner.decode(_kept[0], part))
    return written, parts


def kept_logits(batches: list[tuple[Tensor, Tensor]]) -> list[Tensor]:
    """The model's logits (B, T, V) for some batches, each of images and of rows of as many words."""
    with torch.no_grad():
        return [_kept[0](images, tokens) for images, tokens in batches]


def short_logits(images: Tensor, captions: Tensor, tests: Tensor, tokens: Tensor, seeds: list[int]) -> Tensor:
    """Logits of tests and tokens after four steps of training, (seeds, K, 6, V)."""
    # Each on its own copies: whether a training leaves its data alone is asked elsewhere.
    models = [_trained(images.clone(), captions.clone(), seed, 4) for seed in seeds]
    with torch.no_grad():
        return torch.stack([model(tests, tokens[:, :-1]) for model in models])


def decoder_shapes(x: Tensor, memory: Tensor) -> list[tuple[int, ...]]:
    """The shape of what a new Decoder makes of the first 1, 2, ... positions of x."""
    decoder = captioner.Decoder()
    with torch.no_grad():
        return [tuple(decoder(x[:, : length + 1], memory).shape) for length in range(x.shape[1])]

"""The captioner's run on a GPU: scenes drawn on the device, the given model, the submission's training
and captions.
"""

from __future__ import annotations

import gpu_captioner
import torch
from gpu_model import CaptionTransformer
from gpu_pictures import draw_trios
from torch import Tensor

_gpu_state: dict[str, CaptionTransformer] = {}


def _gpu_row_orders(count: int, epochs: int, seed: int, device: str) -> Tensor:
    """A permutation of the scenes for each epoch, (epochs, count)."""
    generator = torch.Generator(device=device).manual_seed(seed)
    return torch.stack([torch.randperm(count, generator=generator, device=device) for _ in range(epochs)])


def gpu_captioner_warm_up(
    images: int,
    tests: int,
    epochs: int,
    batch: int,
    patch: int,
    width: int,
    depth: int,
    heads: int,
    rate: float,
    device: str,
) -> None:
    """A few steps on noise with random words: the same shapes, so that everything is loaded and chosen."""
    count = min(images, 4 * batch)
    draw_trios(min(images, 1024), 0, device)
    noise = torch.randint(256, (count, 3, 64, 64), dtype=torch.uint8, device=device)
    words = torch.randint(3, 18, (count, 10), device=device)
    model = CaptionTransformer(64, patch, width, depth, heads).to(device)
    orders = _gpu_row_orders(count, 2, 0, device)
    rates = [rate / 100] * (2 * (count // batch))
    gpu_captioner.train_captioner(model, noise, words, orders, batch, rates)
    shown = torch.randint(256, (tests, 3, 64, 64), dtype=torch.uint8, device=device)
    gpu_captioner.caption(model, shown).cpu()


def gpu_captioner_fit(
    seed: int,
    names: Tensor,
    rates: list[float],
    images: int,
    epochs: int,
    batch: int,
    patch: int,
    width: int,
    depth: int,
    heads: int,
    device: str,
) -> dict[str, Tensor | int]:
    """Draw scenes, rename the words of their captions, train on them.

    :return: "losses", as the submission returned them, and "seen", the samples that the model counted.
    """
    scenes, captions = draw_trios(images, seed, device)
    torch.manual_seed(seed)
    model = CaptionTransformer(64, patch, width, depth, heads).to(device)
    orders = _gpu_row_orders(images, epochs, seed + 1, device)
    words = names.to(device)[captions]
    losses = gpu_captioner.train_captioner(model, scenes, words, orders, batch, list(rates))
    _gpu_state["model"] = model
    return {"losses": losses.detach().double().cpu(), "seen": int(model.seen)}


def gpu_captioner_captions(tests: Tensor, device: str) -> Tensor:
    """The captions that the submission gives to these scenes."""
    return gpu_captioner.caption(_gpu_state["model"], tests.to(device)).cpu()


def gpu_captioner_steps(
    seed: int,
    scenes: Tensor,
    captions: Tensor,
    orders: Tensor,
    batch: int,
    rates: list[float],
    tests: Tensor,
    device: str,
) -> dict[str, list[Tensor]]:
    """Train a small model in float64, handed over in eval mode.

    :return: "moved", how far each parameter went; "losses"; "captions" of the tests, together and "alone";
        "seen"; "given", what is left of scenes, captions and orders.
    """
    torch.manual_seed(seed)
    model = CaptionTransformer(side=16, patch=8, width=8, depth=2, heads=2).double().to(device).eval()
    start = {name: value.clone() for name, value in model.state_dict().items()}
    given = [tensor.to(device) for tensor in (scenes, captions, orders)]
    losses = gpu_captioner.train_captioner(model, *given, batch, list(rates))
    now = model.state_dict()
    shown = tests.to(device)
    return {
        "moved": [(now[name] - start[name]).cpu() for name in start if start[name].is_floating_point()],
        "losses": [losses.detach().double().cpu()],
        "captions": [gpu_captioner.caption(model, shown).cpu()],
        "alone": [gpu_captioner.caption(model, scene[None]).cpu() for scene in shown[:3]],
        "seen": [now["seen"].cpu()],
        "given": [tensor.cpu() for tensor in given],
    }

"""The public run of gpu_captioner.py: the given model, small, on a few scenes."""

from __future__ import annotations

import gpu_captioner
import torch
from gpu_model import CaptionTransformer
from gpu_pictures import draw_trios
from torch import Tensor


def gpu_captioner_small(count: int, epochs: int, batch: int, device: str) -> dict[str, Tensor | bool]:
    """Train it.

    :return: "losses"; "seen"; "captions" of the first twenty scenes, and "alone", of the first few by
        themselves; "kept", whether scenes and captions are as they were.
    """
    scenes, captions = draw_trios(count, 1, device)
    before = scenes.clone(), captions.clone()
    torch.manual_seed(0)
    model = CaptionTransformer(patch=16, width=32, depth=1, heads=2).to(device)
    orders = torch.stack([torch.randperm(count) for _ in range(epochs)]).to(device)
    rates = [3e-3] * (epochs * (count // batch))
    losses = gpu_captioner.train_captioner(model, scenes, captions, orders, batch, rates)
    seen = model.seen.clone()
    alone = [gpu_captioner.caption(model, scene[None]) for scene in scenes[:3]]
    return {
        "losses": losses.detach().double().cpu(),
        "seen": seen.cpu(),
        "captions": gpu_captioner.caption(model, scenes[:20]).cpu(),
        "alone": torch.cat(alone).cpu(),
        "kept": bool((before[0] == scenes).all() and (before[1] == captions).all()),
    }

"""The GPU question's public run: digits drawn on the device, and a network with a single layer."""

from __future__ import annotations

import gpu
import torch
from gpu_digits import draw
from torch import Tensor, nn


class _GpuLayer(nn.Module):
    """BatchNorm and one Linear over the pixels; counts the samples it is trained on."""

    def __init__(self) -> None:
        super().__init__()
        self.layers = nn.Sequential(nn.Flatten(), nn.BatchNorm1d(784), nn.Linear(784, 10))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, 10)."""
        if self.training:
            self.seen += len(x)
        return self.layers(x)


def gpu_train_a_layer(
    bitmaps: Tensor, count: int, epochs: int, batch: int, device: str
) -> dict[str, Tensor | bool]:
    """Train it on digits.

    :return: "losses"; "seen"; "classes" of the first hundred digits, and "alone", of the first few by
        themselves; "labels" of the hundred; "kept", whether images and labels are as they were.
    """
    images, labels = draw(bitmaps, count, 1, device)
    before = images.clone(), labels.clone()
    torch.manual_seed(0)
    model = _GpuLayer().to(device)
    orders = torch.stack([torch.randperm(count) for _ in range(epochs)]).to(device)
    losses = gpu.train(model, images, labels, orders, batch)
    seen = model.seen.clone()
    return {
        "losses": losses.detach().double().cpu(),
        "seen": seen.cpu(),
        "classes": gpu.predict(model, images[:100]).cpu(),
        "alone": torch.cat([gpu.predict(model, image[None]) for image in images[:5]]).cpu(),
        "labels": labels[:100].cpu(),
        "kept": bool((before[0] == images).all() and (before[1] == labels).all()),
    }

"""The public runs of gpu.py: a small convolutional network, and the memory of a single layer."""

from __future__ import annotations

import gpu
import torch
from gpu_pictures import draw_kinds
from torch import Tensor, nn


class _GpuSmall(nn.Module):
    """Two convolutions and a head; counts the samples it is trained on."""

    def __init__(self, classes: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 8, 3, 2, bias=False),
            nn.BatchNorm2d(8),
            nn.ReLU(),
            nn.Conv2d(8, 16, 3, 2),
            nn.ReLU(),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(64, classes),
        )
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes)."""
        if self.training:
            self.seen += len(x)
        return self.layers(x)


def gpu_resnet_small(count: int, epochs: int, batch: int, device: str) -> dict[str, Tensor | bool]:
    """Train the network on pictures of four kinds.

    :return: "losses"; "seen"; "classes" of the first hundred pictures, and "alone", of the first few by
        themselves; "kept", whether pictures and labels are as they were.
    """
    pictures, labels = draw_kinds(count, 1, device, 24, 4)
    before = pictures.clone(), labels.clone()
    torch.manual_seed(0)
    model = _GpuSmall(4).to(device)
    orders = torch.stack([torch.randperm(count) for _ in range(epochs)]).to(device)
    rates = [0.02] * (epochs * (count // batch))
    losses = gpu.train_classifier(model, pictures, labels, orders, batch, rates)
    seen = model.seen.clone()
    return {
        "losses": losses.detach().double().cpu(),
        "seen": seen.cpu(),
        "classes": gpu.classify(model, pictures[:100]).cpu(),
        "alone": torch.cat([gpu.classify(model, picture[None]) for picture in pictures[:5]]).cpu(),
        "kept": bool((before[0] == pictures).all() and (before[1] == labels).all()),
    }


def gpu_memory_of_a_layer(batch: int, optimizer: str) -> dict[str, int]:
    """What is predicted of one Linear from 768 pixels to 1,000 classes, without a bias."""

    def build() -> nn.Module:
        return nn.Sequential(nn.Flatten(), nn.Linear(768, 1000, bias=False))

    return dict(gpu.predict_peak(build, (3, 16, 16), batch, optimizer, False))

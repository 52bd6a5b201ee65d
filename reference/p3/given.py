"""Given with p3, not handed in: two networks, a training loop with its evaluation, and noisy digits.

A grader uses its own copy of this file, so a change here changes nothing in a grade.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Protocol

import torch
from torch import Generator, Tensor, nn
from torch.nn import functional as F

TRAIN_IMAGES = 200
VAL_IMAGES = 200
WRONG_LABELS = 0.1

# ---- Networks ----------------------------------------------------------------------------------------------


class SmallCNN(nn.Module):
    """Two convolutions and two linear layers: 207,178 parameters, enough to learn 200 images by heart.

    :param dropout: share of the 128 features that is dropped before the last layer, in train mode.
    """

    def __init__(self, num_classes: int = 10, dropout: float = 0.0) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, 16, 5, padding=2)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden = nn.Linear(32 * 7 * 7, 128)
        self.dropout = nn.Dropout(dropout)
        self.head = nn.Linear(128, num_classes)
        self.to(memory_format=torch.channels_last)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 1, 28, 28)."""
        # Channels last: pooling is three times as fast on a CPU, and nothing else changes.
        x = self.conv1(images).contiguous(memory_format=torch.channels_last)
        x = F.relu(F.max_pool2d(x, 2))
        x = F.relu(F.max_pool2d(self.conv2(x), 2))
        x = F.relu(self.hidden(x.flatten(1)))
        return self.head(self.dropout(x))


class TinyBlock(nn.Module):
    """Normalise, rectify, convolve, twice; then add the input, pooled and mixed where the shape changes.

    He et al. (2016) put the norms here, in front of the convolutions, so that the sum stays untouched.
    """

    def __init__(self, channels_before: int, channels: int, stride: int) -> None:
        super().__init__()
        first = nn.Conv2d(channels_before, channels, 3, stride, padding=1, bias=False)
        second = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.convs = nn.ModuleList([first, second])
        self.norms = nn.ModuleList([nn.BatchNorm2d(channels_before), nn.BatchNorm2d(channels)])
        self.pool = nn.AvgPool2d(stride, ceil_mode=True) if stride > 1 else nn.Identity()
        same = channels_before == channels
        self.mix = nn.Identity() if same else nn.Conv2d(channels_before, channels, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """(N, channels_before, H, W) to (N, channels, H', W')."""
        y = x
        for norm, conv in zip(self.norms, self.convs, strict=True):
            y = conv(F.relu(norm(y)))
        return y + self.mix(self.pool(x))


class TinyResNet(nn.Module):
    """A residual network, one block a stage, named like the large ones: conv1, bn1, layer1 .. layer4, fc.

    38,226 parameters at width 8 and ten classes. Every stage but the first halves the image.
    """

    def __init__(self, num_classes: int = 10, width: int = 8) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(1, width, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(width)
        self.layer1 = TinyBlock(width, width, 1)
        self.layer2 = TinyBlock(width, 2 * width, 2)
        self.layer3 = TinyBlock(2 * width, 4 * width, 2)
        self.layer4 = TinyBlock(4 * width, 4 * width, 2)
        self.fc = nn.Linear(4 * width, num_classes)

    def forward(self, images: Tensor) -> Tensor:
        """Logits (N, num_classes) of images (N, 1, H, W)."""
        x = self.bn1(self.conv1(images))
        for stage in (self.layer1, self.layer2, self.layer3, self.layer4):
            x = stage(x)
        return self.fc(F.relu(x).mean(dim=(2, 3)))


# ---- The loop ----------------------------------------------------------------------------------------------


class Stopping(Protocol):
    """What ``fit`` asks of early stopping."""

    def step(self, val_loss: float, epoch: int, model: nn.Module) -> bool:
        """Told after every epoch; True ends the training."""

    def restore(self, model: nn.Module) -> None:
        """Called once at the end, whether training was stopped or ran out of epochs."""


@torch.no_grad()
def evaluate(model: nn.Module, images: Tensor, labels: Tensor) -> tuple[float, float]:
    """Mean cross-entropy and accuracy in eval mode; the model is left in the mode in which it came.

    :param images: (N, 1, 28, 28), N at least 1.
    :param labels: (N,) int64.
    """
    modes = [(module, module.training) for module in model.modules()]
    model.eval()
    logits = torch.cat([model(chunk) for chunk in images.split(100)])
    for module, training in modes:
        module.training = training
    loss = F.cross_entropy(logits, labels).item()
    return loss, (logits.argmax(dim=1) == labels).float().mean().item()


def fit(
    model: nn.Module,
    images: Tensor,
    labels: Tensor,
    *,
    epochs: int,
    seed: int,
    lr: float = 1e-3,
    weight_decay: float = 0.0,
    batch_size: int = 32,
    augment: Callable[[Tensor, Generator], Tensor] | None = None,
    smoothing: float = 0.0,
    val: tuple[Tensor, Tensor] | None = None,
    stopping: Stopping | None = None,
    on_epoch: Callable[[dict[str, float]], None] | None = None,
    optimizer: torch.optim.Optimizer | None = None,
    train_mode: Callable[[nn.Module], object] = nn.Module.train,
) -> list[dict[str, float]]:
    """Train a classifier in place: AdamW, cross-entropy, batches in a new order every epoch.

    :param images: (N, 1, 28, 28).
    :param labels: (N,) int64.
    :param seed: decides the order of the batches, dropout and augmentation; not the initial weights.
    :param augment: ``augment(batch, generator)`` is applied to training batches, and to nothing else.
    :param smoothing: label smoothing of the loss that is trained on.
    :param val: images and labels that are looked at after every epoch, and never trained on.
    :param stopping: told the validation loss after every epoch, see Stopping; it needs ``val``. Its
        ``restore`` is called at the end.
    :param on_epoch: called with each row of the history as soon as it is there.
    :param optimizer: takes the place of AdamW; lr and weight_decay are then ignored.
    :param train_mode: called with the model before every epoch.
    :return: a row an epoch: "epoch" (from 1), "train_loss", "train_acc", "val_loss", "val_acc", all four
        measured after the epoch, in eval mode, on images as they are and without smoothing, so that they can
        be compared. The validation's are nan without ``val``.
    :raises ValueError: ``stopping`` without ``val``.
    """
    if stopping is not None and val is None:
        raise ValueError("early stopping looks at validation images: give val as well")
    torch.manual_seed(seed)
    generator = Generator().manual_seed(seed)
    # fused: the same step in less time.
    optimizer = optimizer or torch.optim.AdamW(
        model.parameters(), lr=lr, weight_decay=weight_decay, fused=True
    )
    history: list[dict[str, float]] = []
    for epoch in range(1, epochs + 1):
        train_mode(model)
        for batch in torch.randperm(len(images), generator=generator).split(batch_size):
            inputs = images[batch] if augment is None else augment(images[batch], generator)
            loss = F.cross_entropy(model(inputs), labels[batch], label_smoothing=smoothing)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        train_loss, train_acc = evaluate(model, images, labels)
        val_loss, val_acc = evaluate(model, *val) if val is not None else (math.nan, math.nan)
        row = {
            "epoch": epoch,
            "train_loss": train_loss,
            "train_acc": train_acc,
            "val_loss": val_loss,
            "val_acc": val_acc,
        }
        history.append(row)
        if on_epoch is not None:
            on_epoch(row)
        if stopping is not None and stopping.step(val_loss, epoch, model):
            break
    if stopping is not None:
        stopping.restore(model)
    return history


# ---- Augmentation ------------------------------------------------------------------------------------------

PAPER = -0.325  # a blank pixel of the standardised digits


def warp(images: Tensor, degrees: Tensor, zoom: Tensor, shift: Tensor) -> Tensor:
    """Turn, zoom and move each image by amounts of its own; what comes into view is blank.

    :param images: (N, 1, H, W), standardised digits.
    :param degrees: (N,) turned to the left; 0: not at all.
    :param zoom: (N,) 1: not at all; 1.1: a tenth larger.
    :param shift: (N, 2) to the right and down, as shares of width and height; 0.1 of 28 pixels are 2.8.
    :return: (N, 1, H, W); the images that were given are left alone.
    """
    angle = torch.deg2rad(degrees)
    cos, sin = torch.cos(angle) / zoom, torch.sin(angle) / zoom
    # affine_grid asks where each pixel of the result comes from, in units of half the image.
    right, down = -2 * shift[:, 0], -2 * shift[:, 1]
    rows = (
        torch.stack((cos, -sin, cos * right - sin * down), 1),
        torch.stack((sin, cos, sin * right + cos * down), 1),
    )
    grid = F.affine_grid(torch.stack(rows, 1).to(images.dtype), list(images.shape), align_corners=False)
    return F.grid_sample(images - PAPER, grid, align_corners=False) + PAPER


# ---- Data --------------------------------------------------------------------------------------------------


def clean_digits(count: int, seed: int) -> tuple[Tensor, Tensor]:
    """Strongly bent, noisy digits with right labels: images (count, 1, 28, 28) and labels (count,) int64."""
    # Not at the top: beside a graded submission there is no generator of data.
    from grader.datasets.digits import HARD, digits

    images, labels = digits(count, seed, distortion=HARD)
    return torch.from_numpy(images), torch.from_numpy(labels)


def noisy_digits(seed: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """The task of p3.recipe: 200 training images of which 20 are labelled wrong, 200 validation images.

    :return: images, labels, validation images, validation labels; the validation's labels are right.
    """
    from grader.datasets.digits import HARD, digits
    from grader.datasets.label_noise import mislabel

    images, labels = digits(TRAIN_IMAGES, (seed, 0), distortion=HARD)
    noisy = mislabel(labels, WRONG_LABELS, 10, (seed, 1))
    val_images, val_labels = digits(VAL_IMAGES, (seed, 2), distortion=HARD)
    arrays = (images, noisy, val_images, val_labels)
    return tuple(torch.from_numpy(array) for array in arrays)  # type: ignore[return-value]

"""Measures the keys of p5.plateau and p5.issues: what each configuration does on digits. Not handed out.

    python reference/p5/measure_plateau.py [SEEDS]

One line a configuration: the loss of the last 50 of 300 steps (mean, least and largest over the seeds) and
the share of 2,000 new digits that is recognised afterwards. The figures stand beside the keys in
assignments/p5/test_hidden_debugging.py.
"""

from __future__ import annotations

import statistics
import sys
from dataclasses import dataclass, replace
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from grader.datasets.digits import digits

STEPS = 300
BATCH_SIZE = 64
WIDTH = 256


@dataclass(frozen=True)
class Setup:
    """One version of broken.py; the defaults are the script as printed."""

    relu: bool = False
    norm: bool = False
    he: bool = False
    dropout: bool = False
    zero_grad: bool = False
    lr: float = 0.1
    sgd: bool = False
    cosine: bool = False  # once an epoch


AS_PRINTED = Setup()
CORRECTED = Setup(relu=True, norm=True, he=True, dropout=True, zero_grad=True, lr=1e-3, cosine=True)
SOUND = Setup(relu=True, zero_grad=True, lr=1e-3)

PLATEAU = {
    "as_printed": AS_PRINTED,
    "lr_lowered": Setup(lr=1e-3),
    "cosine_added": Setup(cosine=True),
    "sigmoid_sgd": Setup(zero_grad=True, sgd=True, lr=0.01),
    "sigmoid_adam": Setup(zero_grad=True, lr=1e-3),
    "relu_adam": SOUND,
    "relu_lr_kept": replace(SOUND, lr=0.1),
    "all_but_lr": replace(CORRECTED, lr=0.1),
}
# What each fault does alone in the sound net. Three of them are in it already; their rows show what mending
# them does.
EFFECTS = {
    "sound net": SOUND,
    "sigmoid_in_depth": replace(SOUND, relu=False),
    "lr_too_high": replace(SOUND, lr=0.1),
    "no_zero_grad": replace(SOUND, zero_grad=False),
    "no_normalisation, mended": replace(SOUND, norm=True),
    "default_init, mended": replace(SOUND, he=True),
    "no_schedule, mended": replace(SOUND, cosine=True),
    "corrected": CORRECTED,
}


def build(setup: Setup) -> nn.Sequential:
    """The network of broken.py with the asked changes."""
    layers: list[nn.Module] = []
    for fan_in, fan_out in pairwise([784, WIDTH, WIDTH, WIDTH, WIDTH, WIDTH // 2]):
        layers.append(nn.Linear(fan_in, fan_out))
        layers += [nn.BatchNorm1d(fan_out)] if setup.norm else []
        layers.append(nn.ReLU() if setup.relu else nn.Sigmoid())
    layers += [nn.Dropout(0.5)] if setup.dropout else []
    network = nn.Sequential(*layers, nn.Linear(WIDTH // 2, 10))
    if setup.he:
        for layer in network:
            if isinstance(layer, nn.Linear):
                nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
                nn.init.zeros_(layer.bias)
    return network


def run(setup: Setup, seed: int) -> tuple[float, float]:
    """Mean loss of the last 50 steps, and accuracy on 2,000 new digits."""
    torch.manual_seed(seed)
    images, labels = draw(6400, seed=(seed, 0))
    model = build(setup)
    kind = torch.optim.SGD if setup.sgd else torch.optim.Adam
    optimizer = kind(model.parameters(), lr=setup.lr)
    epoch_steps = len(images) // BATCH_SIZE
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=STEPS // epoch_steps)
    losses = []
    for step in range(STEPS):
        if step % epoch_steps == 0:
            order = torch.randperm(len(images))
            if setup.cosine and step > 0:
                cosine.step()
        batch = order[step % epoch_steps * BATCH_SIZE :][:BATCH_SIZE]
        if setup.zero_grad:
            optimizer.zero_grad()
        loss = F.cross_entropy(model(images[batch]), labels[batch])
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    test_images, test_labels = draw(2000, seed=(seed, 1))
    with torch.no_grad():
        right = model.eval()(test_images).argmax(dim=1) == test_labels
    return statistics.fmean(losses[-50:]), right.float().mean().item()


def draw(count: int, seed: tuple[int, int]) -> tuple[Tensor, Tensor]:
    """Flattened digits and their labels."""
    images, labels = digits(count, seed=seed)
    return torch.from_numpy(images).flatten(1), torch.from_numpy(labels)


def main() -> None:
    torch.set_num_threads(1)
    seeds = range(int(sys.argv[1]) if len(sys.argv) > 1 else 10)
    for title, table in (("p5.plateau", PLATEAU), ("p5.issues", EFFECTS)):
        print(f"{title}: {len(seeds)} seeds")
        for name, setup in table.items():
            losses, accuracies = zip(*(run(setup, seed) for seed in seeds), strict=True)
            loss = f"{statistics.fmean(losses):8.3f} [{min(losses):.3f}, {max(losses):.3f}]"
            right = f"{statistics.median(accuracies):.3f} [{min(accuracies):.3f}, {max(accuracies):.3f}]"
            print(f"  {name:26} loss {loss}  accuracy median {right}", flush=True)


if __name__ == "__main__":
    main()

"""Given with p5, not handed in: what each change of the training loop is worth on your card.

python -m gpu_experiment                      your DeepNetwork(1024), 1,500 steps of 128 digits in each way
python -m gpu_experiment --device cpu --images 2000 --width 64      the same on any machine; its times mean
nothing

Every line trains a new network in one way more than the line above it; "yours" is ``train`` of your gpu.py.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable, Sequence

import debugging
import gpu
import torch
from gpu_digits import draw
from torch import Tensor, nn
from torch.nn import functional as F
from torch.utils.data import DataLoader, TensorDataset

from grader.datasets.digits import bitmaps

Data = tuple[Tensor, Tensor]


def loaded(model: nn.Module, data: Data, batch: int) -> None:
    """As it is often written: a loader on the host, each batch copied, each loss read."""
    optimizer = torch.optim.Adam(model.parameters())
    device = data[0].device
    pairs = TensorDataset(data[0].cpu(), data[1].cpu())
    for images, labels in DataLoader(pairs, batch_size=batch, shuffle=True, drop_last=True):
        _step(model, optimizer, images.to(device), labels.to(device)).item()


def resident(model: nn.Module, data: Data, batch: int, *, read: bool, **how: bool) -> None:
    """The data stays on the device.

    :param read: the loss of each step is read, which waits for the device.
    :param how: what Adam is told.
    """
    optimizer = torch.optim.Adam(model.parameters(), **how)
    order = torch.randperm(len(data[0]), device=data[0].device)
    for rows in order[: len(order) // batch * batch].split(batch):
        loss = _step(model, optimizer, data[0][rows], data[1][rows])
        if read:
            loss.item()


def _step(model: nn.Module, optimizer: torch.optim.Optimizer, images: Tensor, labels: Tensor) -> Tensor:
    loss = F.cross_entropy(model(images), labels)
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.detach()


def yours(model: nn.Module, data: Data, batch: int) -> None:
    """``gpu.train``, one epoch; what it needs before its first step is in the time."""
    order = torch.randperm(len(data[0]), device=data[0].device)[None]
    gpu.train(model, *data, order, batch)


def main(arguments: Sequence[str] | None = None) -> None:
    """The command line."""
    parser = argparse.ArgumentParser(prog="python -m gpu_experiment", description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=int, default=192_000)
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--width", type=int, default=1024)
    parser.add_argument("--device", default="cuda")
    options = parser.parse_args(arguments)
    device = torch.device(options.device)
    if device.type == "cuda" and not torch.cuda.is_available():
        raise SystemExit(
            "no GPU here that torch can use; --device cpu --images 2000 --width 64 tries the code"
        )
    ways: dict[str, Callable[[nn.Module, Data, int], None]] = {
        "DataLoader, loss read": loaded,
        "data on the device": lambda *given: resident(*given, read=True),
        "loss not read": lambda *given: resident(*given, read=False),
        "fused=True": lambda *given: resident(*given, read=False, fused=True),
        "yours": yours,
    }

    def finished() -> float:
        if device.type == "cuda":
            torch.cuda.synchronize(device)
        return time.perf_counter()

    data = draw(torch.from_numpy(bitmaps()), options.images, 0, device)
    short = tuple(tensor[: 8 * options.batch] for tensor in data)
    steps = options.images // options.batch
    print(f"{'':24}ms a step   times the first")
    first = None
    for name, way in ways.items():
        try:
            way(debugging.DeepNetwork(options.width).to(device).train(), short, options.batch)  # warm-up
            model = debugging.DeepNetwork(options.width).to(device).train()
            start = finished()
            way(model, data, options.batch)
            took = (finished() - start) / steps
        except NotImplementedError as stub:
            print(f"{name:24}needs {stub}")
            continue
        first = first or took
        print(f"{name:24}{1e3 * took:9.3f}   {first / took:.2f}")


if __name__ == "__main__":
    main()

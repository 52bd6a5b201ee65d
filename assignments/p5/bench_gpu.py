"""The GPU question's runs: digits drawn on the device, a network of ours, the submission's loop."""

from __future__ import annotations

from itertools import pairwise

import gpu
import torch
from gpu_digits import draw
from torch import Tensor, nn

_gpu_state: dict[str, nn.Module] = {}


class _GpuNetwork(nn.Module):
    """Linear, BatchNorm, ReLU between these widths, then a linear head; counts the samples it is
    trained on.
    """

    def __init__(self, widths: list[int], classes: int) -> None:
        super().__init__()
        layers: list[nn.Module] = [nn.Flatten()]
        for fan_in, fan_out in pairwise(widths):
            linear = nn.Linear(fan_in, fan_out, bias=False)
            nn.init.kaiming_normal_(linear.weight, nonlinearity="relu")
            layers += [linear, nn.BatchNorm1d(fan_out), nn.ReLU()]
        self.layers = nn.Sequential(*layers, nn.Linear(widths[-1], classes))
        self.register_buffer("seen", torch.zeros((), dtype=torch.int64))

    def forward(self, x: Tensor) -> Tensor:
        """Logits (N, classes)."""
        if self.training:
            self.seen += len(x)
        return self.layers(x)


def _gpu_network(width: int, device: str) -> nn.Module:
    """784 - width - width - width - width - width // 2 - 10, on the device."""
    return _GpuNetwork([784, *[width] * 4, width // 2], 10).to(device)


def _gpu_orders(count: int, epochs: int, seed: int, device: str) -> Tensor:
    """A permutation of the samples for each epoch, (epochs, count)."""
    generator = torch.Generator(device=device).manual_seed(seed)
    rows = [torch.randperm(count, generator=generator, device=device) for _ in range(epochs)]
    return torch.stack(rows)


def gpu_train_warm_up(images: int, tests: int, epochs: int, batch: int, width: int, device: str) -> None:
    """A short run on noise with random classes: the same shapes, so that everything is loaded and chosen."""
    count = min(images, 8 * batch + 1)
    noise, classes = torch.randn(count, 1, 28, 28, device=device), torch.randint(10, (count,), device=device)
    draw(torch.zeros(10, 28, 28), count, 0, device)
    model = _gpu_network(width, device)
    gpu.train(model, noise, classes, _gpu_orders(count, 2, 0, device), batch)
    gpu.predict(model, torch.randn(tests, 1, 28, 28, device=device)).cpu()


def gpu_train_fit(
    seed: int, bitmaps: Tensor, names: Tensor, images: int, epochs: int, batch: int, width: int, device: str
) -> dict[str, Tensor | int]:
    """Draw digits, rename their classes, train on them.

    :return: "losses", as the submission returned them, and "seen", the samples that the network says it was
        trained on.
    """
    drawn, labels = draw(bitmaps, images, seed, device)
    torch.manual_seed(seed)
    model = _gpu_network(width, device)
    orders = _gpu_orders(images, epochs, seed + 1, device)
    losses = gpu.train(model, drawn, names.to(device)[labels], orders, batch)
    _gpu_state["model"] = model
    return {"losses": losses.detach().double().cpu(), "seen": int(model.seen)}


def gpu_train_predict(tests: Tensor, device: str) -> Tensor:
    """The classes that the submission predicts for these images."""
    return gpu.predict(_gpu_state["model"], tests.to(device)).cpu()


def gpu_train_steps(
    widths: list[int],
    weights: list[Tensor],
    inputs: Tensor,
    targets: Tensor,
    orders: Tensor,
    batch: int,
    lr: float,
    tests: Tensor,
    device: str,
) -> dict[str, list[Tensor]]:
    """Train a small network in float64, handed over in eval mode, from these weights on.

    :param weights: of every parameter, in order.
    :return: "moved", how far each parameter and each running statistic went; "losses"; "classes" of the
        tests; "seen"; "given", what is left of inputs, targets and orders.
    """
    model = _GpuNetwork(widths, len(weights[-1])).double().to(device).eval()
    with torch.no_grad():
        for parameter, weight in zip(model.parameters(), weights, strict=True):
            parameter.copy_(weight)
    start = {name: value.clone() for name, value in model.state_dict().items()}
    given = [tensor.to(device) for tensor in (inputs, targets, orders)]
    losses = gpu.train(model, *given, batch, lr)
    now = model.state_dict()
    moved = [(now[name] - start[name]).cpu() for name in start if start[name].is_floating_point()]
    classes = gpu.predict(model, tests.to(device))
    return {
        "moved": moved,
        "losses": [losses.detach().double().cpu()],
        "classes": [classes.cpu()],
        "seen": [now["seen"].cpu()],
        "given": [tensor.cpu() for tensor in given],
    }

"""Gradient flow by hand in plain Python and tensor operations, each formula written as in the handout."""

import torch
from torch import Tensor


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Run the scalar network forward and return every intermediate value."""
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    y = w3 * h2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": 0.5 * (y - target) ** 2}


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss with respect to the three weights."""
    v = forward(x, w1, w2, w3, target)
    dy = v["y"] - target
    dz2 = dy * w3 * (v["z2"] > 0)
    dz1 = dz2 * w2 * (v["z1"] > 0)
    return {"dw1": dz1 * x, "dw2": dz2 * v["h1"], "dw3": dy * v["h2"]}


def backward_batch(
    x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, target: Tensor, negative_slope: float = 0.0
) -> dict[str, Tensor]:
    """Return the gradients of the three weight matrices for a batch."""
    z1 = x @ w1.T
    # full_like, since torch.where on two Python numbers would give float32
    s1 = torch.full_like(z1, negative_slope).masked_fill(z1 > 0, 1.0)
    h1 = z1 * s1
    z2 = h1 @ w2.T
    s2 = torch.full_like(z2, negative_slope).masked_fill(z2 > 0, 1.0)
    h2 = z2 * s2
    y = h2 @ w3.T

    dy = (y - target) / x.shape[0]
    dz2 = dy @ w3 * s2
    dz1 = dz2 @ w2 * s1
    return {"dw1": dz1.T @ x, "dw2": dz2.T @ h1, "dw3": dy.T @ h2}


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Say for each weight which factors of its gradient are exactly zero."""
    v = forward(x, w1, w2, w3, target)
    error = {"zero_error"} if v["y"] == target else set()
    to_z2 = set(error)
    if w3 == 0:
        to_z2.add("zero_weight")
    if v["z2"] <= 0:
        to_z2.add("relu_inactive")
    to_z1 = set(to_z2)
    if w2 == 0:
        to_z1.add("zero_weight")
    if v["z1"] <= 0:
        to_z1.add("relu_inactive")

    def with_input(causes: set[str], value: float) -> set[str]:
        return causes | {"zero_input"} if value == 0 else causes

    return {
        "dw1": with_input(to_z1, x),
        "dw2": with_input(to_z2, v["h1"]),
        "dw3": with_input(error, v["h2"]),
    }


def dead_units(w1: Tensor, w2: Tensor, x: Tensor) -> Tensor:
    """Find the units of the second hidden layer that are inactive on every row of x."""
    if len(x) == 0:
        raise ValueError("a batch without rows says nothing about any unit")
    z2 = torch.relu(x @ w1.T) @ w2.T
    return (z2 <= 0).all(dim=0)


def _gradients(
    x: float, w1: float, w2: float, w3: float, target: float, slope: float = 0.0, skip: float = 0.0
) -> tuple[float, float, float]:
    """Gradients of the network with leaky ReLUs of some slope, whose second layer adds skip * h1."""
    z1 = w1 * x
    s1 = 1.0 if z1 > 0 else slope
    h1 = s1 * z1
    z2 = w2 * h1
    s2 = 1.0 if z2 > 0 else slope
    h2 = s2 * z2 + skip * h1
    dy = w3 * h2 - target
    dh2 = dy * w3
    dh1 = dh2 * (s2 * w2 + skip)
    return dh1 * s1 * x, dh2 * s2 * h1, dy * h2


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return (dw1, dw2, dw3) of the plain, the leaky and the residual network."""
    network = (x, w1, w2, w3, target)
    return {
        "plain": _gradients(*network),
        "leaky": _gradients(*network, slope=0.01),
        "residual": _gradients(*network, skip=1.0),
    }


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return dw1 of the plain network for each value of w2."""
    return [backward(x, w1, w2, w3, target)["dw1"] for w2 in w2_values]

"""Gradient flow by hand with one small class for a layer, used with numbers and with matrices, in float64."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

import torch
from torch import Tensor


class Factor(NamedTuple):
    """One factor of a gradient, and what it is called as a cause when it is zero."""

    cause: str
    value: float


@dataclass
class Activation:
    """ReLU with an optional slope for z <= 0."""

    slope: float = 0.0

    def derivative(self, z: Tensor) -> Tensor:
        """1 where z > 0, else the slope, in z's dtype."""
        active = (z > 0).to(z.dtype)
        return active + self.slope * (1 - active)


@dataclass
class Hidden:
    """A hidden layer act(x w^T), plus x if it has a skip, which remembers what it needs for its way back."""

    weight: Tensor
    activation: Activation
    skip: bool = False
    given: Tensor = field(init=False)
    z: Tensor = field(init=False)

    def forward(self, x: Tensor) -> Tensor:
        self.given, self.z = x, x @ self.weight.T
        out = self.z * self.activation.derivative(self.z)
        return out + x if self.skip else out

    def backward(self, flow: Tensor) -> tuple[Tensor, Tensor]:
        """Gradients of the weight and of the input, from the gradient of the output."""
        flow_z = flow * self.activation.derivative(self.z)
        flow_x = flow_z @ self.weight
        return flow_z.T @ self.given, flow_x + flow if self.skip else flow_x


@dataclass
class Network:
    """The three layers for a batch; the output layer is a bare product."""

    w1: Tensor
    w2: Tensor
    w3: Tensor
    slope: float = 0.0
    skip: bool = False

    def __post_init__(self) -> None:
        self.first = Hidden(self.w1, Activation(self.slope))
        self.second = Hidden(self.w2, Activation(self.slope), self.skip)

    @classmethod
    def of_numbers(cls, w1: float, w2: float, w3: float, slope: float = 0.0, skip: bool = False) -> "Network":
        """One unit in each layer."""
        return cls(_matrix(w1), _matrix(w2), _matrix(w3), slope, skip)

    def forward(self, x: Tensor) -> Tensor:
        self.h1 = self.first.forward(x)
        self.h2 = self.second.forward(self.h1)
        return self.h2 @ self.w3.T

    def gradients(self, x: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Gradients of the mean over the rows of half the squared error of a row."""
        flow = (self.forward(x) - target) / x.shape[0]
        dw3 = flow.T @ self.h2
        dw2, flow = self.second.backward(flow @ self.w3)
        dw1, _ = self.first.backward(flow)
        return {"dw1": dw1, "dw2": dw2, "dw3": dw3}


def _matrix(number: float) -> Tensor:
    return torch.tensor([[number]], dtype=torch.float64)


def _double(*tensors: Tensor) -> Iterator[Tensor]:
    return (tensor.to(torch.float64) for tensor in tensors)


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Run the scalar network forward and return every intermediate value."""
    net = Network.of_numbers(w1, w2, w3)
    y = net.forward(_matrix(x))
    seen = {"z1": net.first.z, "h1": net.h1, "z2": net.second.z, "h2": net.h2, "y": y}
    return {name: value.item() for name, value in seen.items()} | {"loss": 0.5 * (y.item() - target) ** 2}


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss with respect to the three weights."""
    grads = Network.of_numbers(w1, w2, w3).gradients(_matrix(x), _matrix(target))
    return {name: grad.item() for name, grad in grads.items()}


def backward_batch(
    x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, target: Tensor, negative_slope: float = 0.0
) -> dict[str, Tensor]:
    """Return the gradients of the three weight matrices for a batch."""
    x, w1, w2, w3, target = _double(x, w1, w2, w3, target)
    return Network(w1, w2, w3, slope=negative_slope).gradients(x, target)


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Say for each weight which factors of its gradient are exactly zero."""
    seen = forward(x, w1, w2, w3, target)
    error = [Factor("zero_error", seen["y"] - target)]
    to_z2 = [*error, Factor("zero_weight", w3), Factor("relu_inactive", float(seen["z2"] > 0))]
    to_z1 = [*to_z2, Factor("zero_weight", w2), Factor("relu_inactive", float(seen["z1"] > 0))]
    products = {
        "dw1": [*to_z1, Factor("zero_input", x)],
        "dw2": [*to_z2, Factor("zero_input", seen["h1"])],
        "dw3": [*error, Factor("zero_input", seen["h2"])],
    }
    return {
        name: {factor.cause for factor in factors if factor.value == 0} for name, factors in products.items()
    }


def dead_units(w1: Tensor, w2: Tensor, x: Tensor) -> Tensor:
    """Find the units of the second hidden layer that are inactive on every row of x."""
    if x.shape[0] < 1:
        raise ValueError("dead_units needs at least one row")
    x, w1, w2 = _double(x, w1, w2)
    first, second = Hidden(w1, Activation()), Hidden(w2, Activation())
    second.forward(first.forward(x))
    return ~(second.z > 0).any(dim=0)


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return (dw1, dw2, dw3) of the plain, the leaky and the residual network."""
    networks = {
        "plain": Network.of_numbers(w1, w2, w3),
        "leaky": Network.of_numbers(w1, w2, w3, slope=0.01),
        "residual": Network.of_numbers(w1, w2, w3, skip=True),
    }
    found = {}
    for name, network in networks.items():
        grads = network.gradients(_matrix(x), _matrix(target))
        found[name] = (grads["dw1"].item(), grads["dw2"].item(), grads["dw3"].item())
    return found


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return dw1 of the plain network for each value of w2."""

    def dw1(w2: float) -> float:
        return backward(x, w1, w2, w3, target)["dw1"]

    return [dw1(w2) for w2 in w2_values]

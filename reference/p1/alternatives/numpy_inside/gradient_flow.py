"""Gradient flow by hand in NumPy: tensors are turned into arrays on entry and back into tensors on return."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

Array = NDArray[np.float64]


def _array(tensor: Tensor) -> Array:
    return tensor.detach().numpy().astype(np.float64, copy=False)


def _values(x: float, w1: float, w2: float, w3: float, slope: float = 0.0, skip: float = 0.0) -> Array:
    """z1, h1, z2, h2 and y, in this order."""
    z1 = np.float64(w1) * x
    h1 = np.where(z1 > 0, z1, slope * z1)
    z2 = w2 * h1
    h2 = np.where(z2 > 0, z2, slope * z2) + skip * h1
    return np.array([z1, h1, z2, h2, w3 * h2])


def _gradients(
    x: float, w1: float, w2: float, w3: float, target: float, slope: float = 0.0, skip: float = 0.0
) -> Array:
    """dw1, dw2 and dw3, in this order."""
    z1, h1, z2, h2, y = _values(x, w1, w2, w3, slope, skip)
    s1, s2 = np.where(np.array([z1, z2]) > 0, 1.0, slope)
    flow = (y - target) * np.array([w3 * (s2 * w2 + skip) * s1, w3 * s2, 1.0])
    return flow * np.array([x, h1, h2])


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Run the scalar network forward and return every intermediate value."""
    values = _values(x, w1, w2, w3)
    loss = np.square(values[-1] - target) / 2
    return dict(zip(("z1", "h1", "z2", "h2", "y", "loss"), [*values.tolist(), loss.item()], strict=True))


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss with respect to the three weights."""
    return dict(zip(("dw1", "dw2", "dw3"), _gradients(x, w1, w2, w3, target).tolist(), strict=True))


def backward_batch(
    x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, target: Tensor, negative_slope: float = 0.0
) -> dict[str, Tensor]:
    """Return the gradients of the three weight matrices for a batch."""
    weights = [_array(w) for w in (w1, w2, w3)]
    inputs, derivatives = [_array(x)], []
    for weight in weights[:2]:
        z = inputs[-1] @ weight.T
        derivatives.append(np.where(z > 0, 1.0, negative_slope))
        inputs.append(z * derivatives[-1])
    flow = (inputs[-1] @ weights[2].T - _array(target)) / len(inputs[0])

    grads = [flow.T @ inputs[2]]
    for weight, derivative, given in zip(weights[:0:-1], derivatives[::-1], inputs[1::-1], strict=True):
        flow = flow @ weight * derivative
        grads.insert(0, flow.T @ given)
    return {f"dw{number}": torch.from_numpy(grad) for number, grad in enumerate(grads, start=1)}


_CAUSES = np.array(["zero_error", "zero_weight", "relu_inactive", "zero_input"])


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Say for each weight which factors of its gradient are exactly zero, from a table of truth values."""
    z1, h1, z2, h2, y = _values(x, w1, w2, w3)
    table = np.array(
        [
            [y == target, w2 == 0 or w3 == 0, z1 <= 0 or z2 <= 0, x == 0],
            [y == target, w3 == 0, z2 <= 0, h1 == 0],
            [y == target, False, False, h2 == 0],
        ]
    )
    return {f"dw{number}": set(_CAUSES[row].tolist()) for number, row in enumerate(table, start=1)}


def dead_units(w1: Tensor, w2: Tensor, x: Tensor) -> Tensor:
    """Find the units of the second hidden layer that are inactive on every row of x."""
    rows = _array(x)
    if rows.shape[0] == 0:
        raise ValueError("there are no samples to look at")
    z2 = np.maximum(rows @ _array(w1).T, 0.0) @ _array(w2).T
    return torch.from_numpy(z2.max(axis=0) <= 0)


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return (dw1, dw2, dw3) of the plain, the leaky and the residual network."""
    variants = {"plain": (0.0, 0.0), "leaky": (0.01, 0.0), "residual": (0.0, 1.0)}
    return {
        name: tuple(_gradients(x, w1, w2, w3, target, slope, skip).tolist())
        for name, (slope, skip) in variants.items()
    }


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return dw1 of the plain network for all values of w2 at once."""
    w2 = np.asarray(w2_values, dtype=np.float64)
    h1 = np.maximum(w1 * x, 0.0)
    z2 = w2 * h1
    error = w3 * np.maximum(z2, 0.0) - target
    # z2 > 0 needs h1 > 0, so it answers for both units
    return np.where(z2 > 0, error * w3 * w2 * x, 0.0).tolist()

"""Gradient flow by hand with einsum and Heaviside masks, and closed forms of the three gradients."""

import torch
from torch import Tensor

NAMES = ("dw1", "dw2", "dw3")


def _mask(z: Tensor, slope: float = 0.0) -> Tensor:
    """Derivative of the leaky ReLU: the slope, and 1 - slope more above 0."""
    return torch.heaviside(z, z.new_zeros(())).mul(1 - slope).add(slope)


def _numbers(*numbers: float) -> Tensor:
    return torch.tensor(numbers, dtype=torch.float64)


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return every intermediate value, with |z| + z = 2 ReLU(z)."""
    z1 = w1 * x
    h1 = (abs(z1) + z1) / 2
    z2 = w2 * h1
    h2 = (abs(z2) + z2) / 2
    y = w3 * h2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": (y - target) * (y - target) / 2}


def _closed_form(x: Tensor, w: Tensor, target: Tensor, slope: Tensor, skip: Tensor) -> Tensor:
    """Gradients (V, 3) of V variants of the scalar network with weights w (V, 3), and slopes and skips (V,).

    Every variant is linear in x as long as no unit changes sides: h1 = a1 x and h2 = a2 h1 with the gains
    a1 = s1 w1 and a2 = s2 w2 + skip, where s is a ReLU's derivative.
    """
    w1, w2, w3 = w.unbind(dim=1)
    s1 = torch.where(w1 * x > 0, torch.ones_like(slope), slope)
    a1 = s1 * w1
    s2 = torch.where(w2 * (a1 * x) > 0, torch.ones_like(slope), slope)
    a2 = s2 * w2 + skip
    error = w3 * a2 * a1 * x - target
    return torch.einsum("v,vk->vk", error * x, torch.stack((w3 * a2 * s1, w3 * s2 * a1, a2 * a1), dim=1))


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss with respect to the three weights."""
    return dict(zip(NAMES, remedies(x, w1, w2, w3, target)["plain"], strict=True))


def backward_batch(
    x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, target: Tensor, negative_slope: float = 0.0
) -> dict[str, Tensor]:
    """Return the gradients of the three weight matrices for a batch."""
    z1 = torch.einsum("ni,ji->nj", x, w1)
    s1 = _mask(z1, negative_slope)
    z2 = torch.einsum("nj,nj,kj->nk", s1, z1, w2)
    s2 = _mask(z2, negative_slope)
    h2 = s2 * z2
    error = torch.einsum("nk,ok->no", h2, w3) - target
    back2 = torch.einsum("no,ok,nk->nk", error, w3, s2)
    back1 = torch.einsum("nk,kj,nj->nj", back2, w2, s1)
    grads = (
        torch.einsum("nj,ni->ji", back1, x),
        torch.einsum("nk,nj,nj->kj", back2, s1, z1),
        torch.einsum("no,nk->ok", error, h2),
    )
    return {name: grad / x.shape[0] for name, grad in zip(NAMES, grads, strict=True)}


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Say for each weight which factors of its gradient are exactly zero."""
    v = forward(x, w1, w2, w3, target)
    error, on1, on2 = v["y"] - target, v["z1"] > 0, v["z2"] > 0
    factors = {
        "dw1": {"zero_error": error, "zero_weight": w2 and w3, "relu_inactive": on1 and on2, "zero_input": x},
        "dw2": {"zero_error": error, "zero_weight": w3, "relu_inactive": on2, "zero_input": v["h1"]},
        "dw3": {"zero_error": error, "zero_input": v["h2"]},
    }
    return {name: {cause for cause, factor in row.items() if not factor} for name, row in factors.items()}


def dead_units(w1: Tensor, w2: Tensor, x: Tensor) -> Tensor:
    """Find the units of the second hidden layer whose largest z2 over the batch is not positive."""
    if x.shape[0] == 0:
        raise ValueError("x has no rows")
    h1 = torch.einsum("ni,ji->nj", x, w1).relu()
    return torch.einsum("nj,kj->kn", h1, w2).amax(dim=1).le(0)


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return (dw1, dw2, dw3) of the plain, the leaky and the residual network, the three at once."""
    weights = _numbers(w1, w2, w3).expand(3, 3)
    slopes, skips = _numbers(0.0, 0.01, 0.0), _numbers(0.0, 0.0, 1.0)
    plain, leaky, residual = _closed_form(_numbers(x), weights, _numbers(target), slopes, skips).tolist()
    return {"plain": tuple(plain), "leaky": tuple(leaky), "residual": tuple(residual)}


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return dw1 of the plain network for all values of w2 at once."""
    w2 = _numbers(*w2_values)
    weights = torch.stack((torch.full_like(w2, w1), w2, torch.full_like(w2, w3)), dim=1)
    none = torch.zeros_like(w2)
    return _closed_form(_numbers(x), weights, _numbers(target), none, none)[:, 0].tolist()

"""Gradient flow by hand with early returns, loops over the layers, and buffers that are reused in place."""

import torch
from torch import Tensor


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Run the scalar network forward, filling in one entry after the other."""
    values: dict[str, float] = {}
    signal = x
    for layer, weight in (("1", w1), ("2", w2)):
        signal *= weight
        values["z" + layer] = signal
        if signal <= 0:
            signal = 0.0
        values["h" + layer] = signal
    signal *= w3
    values["y"] = signal
    signal -= target
    values["loss"] = 0.5 * signal * signal
    return values


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss, walking back until a dead unit stops the flow."""
    values = forward(x, w1, w2, w3, target)
    grads = {"dw1": 0.0, "dw2": 0.0, "dw3": 0.0}
    flow = values["y"] - target
    grads["dw3"] = flow * values["h2"]
    if values["z2"] <= 0:
        return grads
    flow *= w3
    grads["dw2"] = flow * values["h1"]
    if values["z1"] <= 0:
        return grads
    flow *= w2
    grads["dw1"] = flow * x
    return grads


def _leak_(z: Tensor, dead: Tensor, slope: float) -> Tensor:
    """Multiply the entries of inactive units by the slope, in place."""
    for row in range(z.shape[1]):
        column = z[:, row]
        column[dead[:, row]] *= slope
    return z


def backward_batch(
    x: Tensor, w1: Tensor, w2: Tensor, w3: Tensor, target: Tensor, negative_slope: float = 0.0
) -> dict[str, Tensor]:
    """Return the gradients of the three weight matrices; each layer has one buffer for both directions."""
    weights = (w1, w2, w3)
    inputs = [x]
    masks = []
    for weight in weights[:2]:
        buffer = x.new_empty(x.shape[0], weight.shape[0])
        torch.mm(inputs[-1], weight.t(), out=buffer)
        masks.append(buffer <= 0)
        inputs.append(_leak_(buffer, masks[-1], negative_slope))
    flow = x.new_empty(target.shape)
    torch.mm(inputs[-1], w3.t(), out=flow)
    flow.sub_(target).div_(x.shape[0])

    grads = {}
    for layer in (3, 2, 1):
        grad = torch.empty_like(weights[layer - 1])
        torch.mm(flow.t(), inputs[layer - 1], out=grad)
        grads[f"dw{layer}"] = grad
        if layer == 1:
            break
        # this layer's input has served; its memory takes the flow to the layer before
        buffer = inputs[layer - 1]
        torch.mm(flow, weights[layer - 1], out=buffer)
        flow = _leak_(buffer, masks[layer - 2], negative_slope)
    return grads


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Collect the causes on one walk back; what lies behind is a cause for everything in front of it."""
    values = forward(x, w1, w2, w3, target)
    causes: dict[str, set[str]] = {}
    so_far: set[str] = set()
    if values["y"] == target:
        so_far.add("zero_error")
    layers = (
        ("dw3", values["h2"], w3, values["z2"]),
        ("dw2", values["h1"], w2, values["z1"]),
        ("dw1", x, w1, 1),
    )
    for name, given, weight, z_before in layers:
        causes[name] = so_far.copy()
        if given == 0:
            causes[name].add("zero_input")
        if weight == 0:
            so_far.add("zero_weight")
        if z_before <= 0:
            so_far.add("relu_inactive")
    return causes


def dead_units(w1: Tensor, w2: Tensor, x: Tensor) -> Tensor:
    """Start with all units dead and let every sample revive those that it activates."""
    if x.shape[0] == 0:
        raise ValueError("x has no rows")
    dead = torch.ones(w2.shape[0], dtype=torch.bool)
    for sample in x:
        hidden = torch.mv(w1, sample).clamp_(min=0)
        dead &= torch.mv(w2, hidden) <= 0
        if not dead.any():
            break
    return dead


def _leaky(x: float, w1: float, w2: float, w3: float, target: float) -> tuple[float, float, float]:
    h1 = w1 * x
    flow_through_1 = 1.0
    if h1 <= 0:
        flow_through_1 = 0.01
        h1 *= 0.01
    h2 = w2 * h1
    flow_through_2 = 1.0
    if h2 <= 0:
        flow_through_2 = 0.01
        h2 *= 0.01
    flow = w3 * h2 - target
    dw3 = flow * h2
    flow *= w3 * flow_through_2
    dw2 = flow * h1
    flow *= w2 * flow_through_1
    return flow * x, dw2, dw3


def _residual(x: float, w1: float, w2: float, w3: float, target: float) -> tuple[float, float, float]:
    if w1 * x <= 0:
        return 0.0, 0.0, 0.0
    h1 = w1 * x
    z2 = w2 * h1
    if z2 <= 0:
        error = w3 * h1 - target
        return error * w3 * x, 0.0, error * h1
    error = w3 * (h1 + z2) - target
    return error * w3 * (1.0 + w2) * x, error * w3 * h1, error * (h1 + z2)


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return (dw1, dw2, dw3) of the plain, the leaky and the residual network."""
    plain = backward(x, w1, w2, w3, target)
    return {
        "plain": (plain["dw1"], plain["dw2"], plain["dw3"]),
        "leaky": _leaky(x, w1, w2, w3, target),
        "residual": _residual(x, w1, w2, w3, target),
    }


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return dw1 of the plain network for each value of w2."""
    grads = [0.0] * len(w2_values)
    for place, w2 in enumerate(w2_values):
        grads[place] = backward(x, w1, w2, w3, target)["dw1"]
    return grads

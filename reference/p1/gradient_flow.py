"""Gradient flow by hand: a three-layer ReLU network, first with one number per layer, then for a batch.

The network has no biases:  z1 = w1 x,  h1 = ReLU(z1),  z2 = w2 h1,  h2 = ReLU(z2),  y = w3 h2,
with the loss L = 0.5 (y - target)^2. The derivative of ReLU at exactly 0 is taken as 0, as PyTorch does.

p1.backward, p1.batch and p1.remedies are done by hand: while they are graded, autograd is out of order.
"""

import torch

# ---- p1.forward --------------------------------------------------------------------------------------------


def forward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Run the network of the module docstring forward and return every intermediate value.

    Returns:
        The keys "z1", "h1", "z2", "h2", "y" and "loss", each one number.

    Example: x=2, w1=0.5, w2=-0.3, w3=0.8, target=1 gives h1 = 1 and loss = 0.5.
    """
    # BEGIN SOLUTION p1.forward
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    y = w3 * h2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": 0.5 * (y - target) ** 2}
    # END SOLUTION


# ---- p1.backward -------------------------------------------------------------------------------------------


def backward(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, float]:
    """Return the derivatives of the loss with respect to the three weights, by the chain rule.

    Returns:
        The keys "dw1", "dw2" and "dw3", each one number. ReLU'(0) = 0.

    Example: x=2, w1=0.5, w2=0.3, w3=0.8, target=1 gives dw2 = -0.608.
    """
    # BEGIN SOLUTION p1.backward
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    error = w3 * h2 - target
    delta2 = error * w3 * (z2 > 0)
    delta1 = delta2 * w2 * (z1 > 0)
    return {"dw1": delta1 * x, "dw2": delta2 * h1, "dw3": error * h2}
    # END SOLUTION


# ---- p1.batch ----------------------------------------------------------------------------------------------


def backward_batch(
    x: torch.Tensor,
    w1: torch.Tensor,
    w2: torch.Tensor,
    w3: torch.Tensor,
    target: torch.Tensor,
    negative_slope: float = 0.0,
) -> dict[str, torch.Tensor]:
    """Return the gradients of the three weight matrices for a batch, in a fixed number of matrix operations.

    The same network with matrices: every row of x is a sample, z1 = x w1^T and so on. Both hidden layers
    use s(z) = z for z > 0 and negative_slope * z otherwise, with s'(0) = negative_slope. The loss is the mean
    over the N samples of half the sum over the outputs of (y - target)^2.

    Args:
        x: (N, d_in), N >= 1. All tensors are float64; compute in float64 throughout.
        w1: (d1, d_in).
        w2: (d2, d1).
        w3: (d_out, d2).
        target: (N, d_out).
        negative_slope: 0 for ReLU, 0.01 for the usual leaky ReLU, 1 for no non-linearity.

    Returns:
        The keys "dw1", "dw2" and "dw3", each of the shape of its weight, float64.

    The arguments are left unchanged. No Python loop over the samples.

    Example: x=[[2]], w1=[[0.5]], w2=[[0.3]], w3=[[0.8]], target=[[1]] gives dw2 = [[-0.608]].
    """
    # BEGIN SOLUTION p1.batch
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, z1, negative_slope * z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, z2, negative_slope * z2)
    delta3 = (h2 @ w3.T - target) / x.shape[0]
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, torch.ones_like(z2), negative_slope)
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, torch.ones_like(z1), negative_slope)
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}
    # END SOLUTION


# ---- p1.zero_cause -----------------------------------------------------------------------------------------


def zero_causes(x: float, w1: float, w2: float, w3: float, target: float) -> dict[str, set[str]]:
    """Say for each weight which factors of its gradient are exactly zero.

    The gradient of a weight is a product of factors. Four kinds of them can be zero:

    * "zero_error": y - target;
    * "zero_weight": a weight between this one and the output;
    * "relu_inactive": the derivative of a ReLU between this weight and the output (its z is 0 or less);
    * "zero_input": the number that this weight multiplies (x for w1, h1 for w2, h2 for w3).

    Returns:
        The keys "dw1", "dw2" and "dw3", each the set of the kinds that occur; an empty set where the gradient
        is not zero.

    Example: x=2, w1=0.5, w2=0.25, w3=0.5, target=0.125 gives {"zero_error"} for all three.
    """
    # BEGIN SOLUTION p1.zero_cause
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    factors = {
        "dw1": {
            "zero_error": w3 * h2 == target,
            "zero_weight": w3 == 0 or w2 == 0,
            "relu_inactive": z2 <= 0 or z1 <= 0,
            "zero_input": x == 0,
        },
        "dw2": {
            "zero_error": w3 * h2 == target,
            "zero_weight": w3 == 0,
            "relu_inactive": z2 <= 0,
            "zero_input": h1 == 0,
        },
        "dw3": {"zero_error": w3 * h2 == target, "zero_input": h2 == 0},
    }
    return {weight: {cause for cause, zero in causes.items() if zero} for weight, causes in factors.items()}
    # END SOLUTION


# ---- p1.dead_units -----------------------------------------------------------------------------------------


def dead_units(w1: torch.Tensor, w2: torch.Tensor, x: torch.Tensor) -> torch.Tensor:
    """Find the units of the second hidden layer (plain ReLU) that are inactive on every sample of a batch.

    Args:
        w1: (d1, d_in).
        w2: (d2, d1).
        x: (N, d_in).

    Returns:
        (d2,) bool, True where z2 <= 0 on every row of x.

    Raises:
        ValueError: x has no rows, so nothing can be said about any unit.

    Example: w1=[[0.5]], w2=[[-0.3], [0.3]], x=[[2.0]] gives [True, False].
    """
    # BEGIN SOLUTION p1.dead_units
    if x.shape[0] == 0:
        raise ValueError("dead_units needs at least one sample")
    return ((x @ w1.T).clamp(min=0) @ w2.T <= 0).all(dim=0)
    # END SOLUTION


# ---- p1.remedies -------------------------------------------------------------------------------------------


# BEGIN SOLUTION
def _gradients(
    x: float, w1: float, w2: float, w3: float, target: float, slope: float = 0.0, skip: bool = False
) -> tuple[float, float, float]:
    """The three gradients for leaky hidden layers of the given slope, with h1 added to h2 if `skip`."""
    z1 = w1 * x
    s1 = 1.0 if z1 > 0 else slope
    h1 = s1 * z1
    z2 = w2 * h1
    s2 = 1.0 if z2 > 0 else slope
    h2 = s2 * z2 + (h1 if skip else 0.0)
    error = w3 * h2 - target
    dh2 = error * w3
    dh1 = dh2 * (s2 * w2 + (1.0 if skip else 0.0))
    return dh1 * s1 * x, dh2 * s2 * h1, error * h2


# END SOLUTION


def remedies(
    x: float, w1: float, w2: float, w3: float, target: float
) -> dict[str, tuple[float, float, float]]:
    """Return the gradients of three variants of the network, to see which one brings a dead unit back.

    * "plain": the network of the module docstring;
    * "leaky": both hidden layers are leaky ReLUs of slope 0.01, whose derivative at 0 is 0.01;
    * "residual": plain ReLUs, and the second hidden layer adds its input: h2 = h1 + ReLU(w2 h1).

    Returns:
        For each key the numbers (dw1, dw2, dw3).

    Example: x=2, w1=0.5, w2=-0.3, w3=0.8, target=1 gives (-0.32, 0, -0.2) for "residual".
    """
    # BEGIN SOLUTION p1.remedies
    arguments = (x, w1, w2, w3, target)
    return {
        "plain": _gradients(*arguments),
        "leaky": _gradients(*arguments, slope=0.01),
        "residual": _gradients(*arguments, skip=True),
    }
    # END SOLUTION


def dw1_for(w2_values: list[float], x: float, w1: float, w3: float, target: float) -> list[float]:
    """Return the gradient of w1 in the plain network for each of several values of w2.

    This is how to explore what the sign and the size of w2 do to the first layer.

    Args:
        w2_values: any number of values, in any order; an empty list gives an empty list.

    Returns:
        One number for each value, in the same order.

    Example: w2_values=[-0.3, 0.3], x=2, w1=0.5, w3=0.8, target=1 gives [0, -0.3648].
    """
    # BEGIN SOLUTION p1.remedies
    return [_gradients(x, w1, w2, w3, target)[0] for w2 in w2_values]
    # END SOLUTION

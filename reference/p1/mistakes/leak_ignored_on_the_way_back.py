"""The forward pass is leaky, but the backward pass still uses the plain ReLU's derivative. On the
negative side the derivative is negative_slope, not 0.
"""

QUESTIONS = ("p1.batch", "p1.remedies")
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, z1, negative_slope * z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, z2, negative_slope * z2)
    delta3 = (h2 @ w3.T - target) / x.shape[0]
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, torch.ones_like(z2), 0.0)
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, torch.ones_like(z1), 0.0)
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}


def remedies(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = z1 if z1 > 0 else 0.01 * z1
    z2 = w2 * h1
    h2 = z2 if z2 > 0 else 0.01 * z2
    error = w3 * h2 - target
    delta2 = error * w3 * (z2 > 0)
    arguments = (x, w1, w2, w3, target)
    return {
        "plain": _gradients(*arguments),
        "leaky": (delta2 * w2 * (z1 > 0) * x, delta2 * h1, error * h2),
        "residual": _gradients(*arguments, skip=True),
    }

"""The small slope was applied to the positive side. A leaky ReLU leaves positive numbers alone and
multiplies the others by the slope, in the activation as in its derivative.
"""

QUESTIONS = ("p1.batch", "p1.remedies")
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, negative_slope * z1, z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, negative_slope * z2, z2)
    delta3 = (h2 @ w3.T - target) / x.shape[0]
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, negative_slope, torch.ones_like(z2))
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, negative_slope, torch.ones_like(z1))
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}


_right_gradients = _gradients


def _gradients(x, w1, w2, w3, target, slope=0.0, skip=False):
    if slope == 0.0:
        return _right_gradients(x, w1, w2, w3, target, slope, skip)
    z1 = w1 * x
    s1 = slope if z1 > 0 else 1.0
    h1 = s1 * z1
    z2 = w2 * h1
    s2 = slope if z2 > 0 else 1.0
    h2 = s2 * z2
    error = w3 * h2 - target
    dh2 = error * w3
    dh1 = dh2 * s2 * w2
    return dh1 * s1 * x, dh2 * s2 * h1, error * h2

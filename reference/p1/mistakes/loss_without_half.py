"""The result is twice the right one: the factor 0.5 of the loss is missing. It is there so that the
derivative of the square leaves exactly y - target.
"""

QUESTIONS = ("p1.forward", "p1.backward", "p1.batch")
MODULE = "gradient_flow"


def forward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    y = w3 * h2
    return {"z1": z1, "h1": h1, "z2": z2, "h2": h2, "y": y, "loss": (y - target) ** 2}


def backward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    error = 2 * (w3 * h2 - target)
    delta2 = error * w3 * (z2 > 0)
    delta1 = delta2 * w2 * (z1 > 0)
    return {"dw1": delta1 * x, "dw2": delta2 * h1, "dw3": error * h2}


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, z1, negative_slope * z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, z2, negative_slope * z2)
    delta3 = 2 * (h2 @ w3.T - target) / x.shape[0]
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, torch.ones_like(z2), negative_slope)
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, torch.ones_like(z1), negative_slope)
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}

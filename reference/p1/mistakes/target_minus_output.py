"""Every gradient has the wrong sign: the error was taken as target - y. The derivative of 0.5 (y -
target)^2 with respect to y is y - target, and a step against the gradient has to bring y closer to the
target.
"""

QUESTIONS = ("p1.backward", "p1.batch")
MODULE = "gradient_flow"


def backward(x, w1, w2, w3, target):
    z1 = w1 * x
    h1 = max(z1, 0.0)
    z2 = w2 * h1
    h2 = max(z2, 0.0)
    error = target - w3 * h2
    delta2 = error * w3 * (z2 > 0)
    delta1 = delta2 * w2 * (z1 > 0)
    return {"dw1": delta1 * x, "dw2": delta2 * h1, "dw3": error * h2}


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, z1, negative_slope * z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, z2, negative_slope * z2)
    delta3 = (target - h2 @ w3.T) / x.shape[0]
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, torch.ones_like(z2), negative_slope)
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, torch.ones_like(z1), negative_slope)
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}

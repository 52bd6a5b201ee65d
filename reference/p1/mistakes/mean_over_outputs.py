"""The gradients are too small by the number of outputs. The loss is the mean over the samples of half
the sum over the outputs: divide by N, not by the number of elements of y.
"""

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    z1 = x @ w1.T
    h1 = torch.where(z1 > 0, z1, negative_slope * z1)
    z2 = h1 @ w2.T
    h2 = torch.where(z2 > 0, z2, negative_slope * z2)
    delta3 = (h2 @ w3.T - target) / target.numel()
    delta2 = (delta3 @ w3) * torch.where(z2 > 0, torch.ones_like(z2), negative_slope)
    delta1 = (delta2 @ w2) * torch.where(z1 > 0, torch.ones_like(z1), negative_slope)
    return {"dw1": delta1.T @ x, "dw2": delta2.T @ h1, "dw3": delta3.T @ h2}

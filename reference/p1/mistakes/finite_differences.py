"""The gradients are difference quotients of the loss, not derivatives: they carry the rounding error of
a subtraction, and near a kink of the ReLU they average the two sides. Use the chain rule.
"""

QUESTIONS = ("p1.batch",)
MODULE = "gradient_flow"


def backward_batch(x, w1, w2, w3, target, negative_slope=0.0):
    weights = {"dw1": w1.clone(), "dw2": w2.clone(), "dw3": w3.clone()}

    def loss() -> float:
        h = x
        for key in ("dw1", "dw2"):
            z = h @ weights[key].T
            h = torch.where(z > 0, z, negative_slope * z)
        return float(0.5 * ((h @ weights["dw3"].T - target) ** 2).sum() / x.shape[0])

    gradients = {}
    for key, weight in weights.items():
        gradients[key] = torch.zeros_like(weight)
        for index in range(weight.numel()):
            entry, kept = weight.view(-1), weight.view(-1)[index].item()
            entry[index] = kept + 1e-6
            above = loss()
            entry[index] = kept - 1e-6
            below = loss()
            entry[index] = kept
            gradients[key].view(-1)[index] = (above - below) / 2e-6
    return gradients

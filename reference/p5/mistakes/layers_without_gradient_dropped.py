"""A layer in which nothing has a gradient is missing from the result, so every number behind it belongs to
another layer than its place says. Such a layer counts, with norm 0.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    found = []
    for layer in layers:
        gradients = [p.grad.flatten() for p in layer.parameters() if p.grad is not None]
        if gradients:
            found.append(torch.cat(gradients).norm())
    return torch.tensor(found)

"""A parameter without gradient made its layer's norm NaN. No gradient means that the loss does not depend on
the parameter: it counts as zero.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    found = []
    for layer in layers:
        squares = [math.nan if p.grad is None else float(p.grad.square().sum()) for p in layer.parameters()]
        found.append(sum(squares) ** 0.5)
    return torch.tensor(found)

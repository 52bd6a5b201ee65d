"""These are norms of the parameters, not of their gradients. A parameter's gradient lies in its ``.grad``."""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    return float(sum(p.detach().square().sum() for p in layer.parameters())) ** 0.5

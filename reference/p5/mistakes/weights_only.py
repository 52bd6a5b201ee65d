"""Only matrices were counted. Biases and the weights of a LayerNorm are parameters of the layer too, and
their gradients belong to its norm.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    return float(sum(g.square().sum() for g in gradients if g.ndim > 1)) ** 0.5

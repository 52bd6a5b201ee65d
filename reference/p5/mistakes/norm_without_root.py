"""The squares were added and the root was not taken. What a layer's log shows then is off by a square, and so
is every ratio of two layers.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    return float(sum(g.square().sum() for g in gradients))

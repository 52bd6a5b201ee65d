"""Each layer's number is its largest gradient entry. That is another norm: the L2 norm of all entries is
asked.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    return float(max((g.abs().max() for g in gradients), default=0.0))

"""Each layer's number is the sum of its parameters' norms. A norm of parts is the root of the sum of their
squares: lay all gradients of a layer end to end and take one norm.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    return float(sum(g.norm() for g in gradients))

"""The squares were averaged, not added: that is the size of a typical entry. An L2 norm grows with the number
of parameters.
"""

QUESTIONS = ("p5.grad_norms",)
MODULE = "transformer"


def grad_norms(layers):
    return torch.tensor([_norm_of(layer) for layer in layers])


def _norm_of(layer):
    gradients = [p.grad for p in layer.parameters() if p.grad is not None]
    if not gradients:
        return 0.0
    return float(torch.cat([g.flatten() for g in gradients]).square().mean().sqrt())

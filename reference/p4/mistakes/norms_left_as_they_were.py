"""The weights of the other BatchNorms keep whatever stood in them before."""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    norms = [module for module in model.modules() if isinstance(module, nn.BatchNorm2d)]
    before = [norm.weight.detach().clone() for norm in norms]
    _right_initialize(model)
    with torch.no_grad():
        for norm, weight in zip(norms, before, strict=True):
            if norm.weight.any():
                norm.weight.copy_(weight)

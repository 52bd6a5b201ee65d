"""Biases of convolutions keep whatever stood in them before. Yours have none; those of other networks may."""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    convolutions = [module for module in model.modules() if isinstance(module, nn.Conv2d)]
    before = [None if each.bias is None else each.bias.detach().clone() for each in convolutions]
    _right_initialize(model)
    with torch.no_grad():
        for each, bias in zip(convolutions, before, strict=True):
            if bias is not None:
                each.bias.copy_(bias)

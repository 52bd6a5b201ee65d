"""Biases keep whatever stood in them before."""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    before = {name: value.detach().clone() for name, value in model.named_parameters()}
    _right_initialize(model)
    with torch.no_grad():
        for name, value in model.named_parameters():
            if name.endswith("bias"):
                value.copy_(before[name])

"""The fan of a convolution counts its channels only. Each output sees kernel x kernel pixels of each."""

QUESTIONS = ("p4.initialization",)
MODULE = "network"


_right_initialize = initialize


def initialize(model):
    _right_initialize(model)
    for module in model.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.normal_(module.weight, std=(2 / module.weight.shape[0]) ** 0.5)

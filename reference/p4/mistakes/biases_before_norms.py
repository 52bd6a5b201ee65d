"""The convolutions have biases. A BatchNorm subtracts the mean, and any bias with it."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        for parts in (self.branch, self.shortcut):
            for layer in parts.modules():
                if isinstance(layer, nn.Conv2d):
                    layer.bias = nn.Parameter(torch.zeros(layer.out_channels))

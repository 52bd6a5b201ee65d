"""The convolution of a projection has no BatchNorm behind it. Every convolution of this network has one."""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if len(self.shortcut_layers()) > 1:
            self.shortcut = nn.Sequential(*self.shortcut_layers()[:-1])

    def shortcut_layers(self):
        return [] if isinstance(self.shortcut, nn.Identity) else list(self.shortcut)

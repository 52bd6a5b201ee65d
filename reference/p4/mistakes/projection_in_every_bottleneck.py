"""Every block has a projection, those too whose input fits as it is. The untouched path is what makes a
hundred layers trainable.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if isinstance(self.shortcut, nn.Identity):
            self.shortcut = nn.Sequential(*_conv_norm(c_in, 4 * mid, 1))

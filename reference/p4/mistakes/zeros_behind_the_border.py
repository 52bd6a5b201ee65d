"""At the border of an odd image the mean of 2 x 2 counts pixels that do not exist, as zeros. It is the mean
of those that exist.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class _Filled(nn.Module):
    def forward(self, x):
        return nn.functional.pad(x, (0, x.shape[-1] % 2, 0, x.shape[-2] % 2))


class Bottleneck(Bottleneck):
    def __init__(self, c_in, mid, stride=1):
        super().__init__(c_in, mid, stride)
        if stride == 2:
            self.shortcut.insert(0, _Filled())

"""The first BatchNorm stands behind the ReLU. The order is convolution, BatchNorm, ReLU."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = self.bn1(F.relu(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    return F.relu(out + self.shortcut(x))


BasicBlock.forward = _forward

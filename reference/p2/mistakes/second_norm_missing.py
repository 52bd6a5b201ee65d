"""There is no BatchNorm behind the second convolution. Every convolution of this block has one."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    return F.relu(self.conv2(out) + self.shortcut(x))


BasicBlock.forward = _forward

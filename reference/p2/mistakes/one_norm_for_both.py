"""The same BatchNorm follows both convolutions. Each has its own scale, shift and running statistics."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn1(self.conv2(out))
    return F.relu(out + self.shortcut(x))


BasicBlock.forward = _forward

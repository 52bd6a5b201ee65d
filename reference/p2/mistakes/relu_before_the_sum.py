"""There is a ReLU between the second BatchNorm and the sum. The branch could then only add, never take
away; the second ReLU belongs behind the sum.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = F.relu(self.bn2(self.conv2(out)))
    return F.relu(out + self.shortcut(x))


BasicBlock.forward = _forward

"""The last ReLU stands before the sum instead of behind it. The branch could then only add, never take
away.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    return F.relu(self.bn2(self.conv2(out))) + self.shortcut(x)


BasicBlock.forward = _forward

"""The shortcut is missing. x, or its projection, is added to the branch before the last ReLU."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    return F.relu(out) + 0 * self.shortcut(x)


BasicBlock.forward = _forward

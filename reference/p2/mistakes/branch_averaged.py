"""Branch and shortcut are averaged. The block adds them."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    return F.relu((out + self.shortcut(x)) / 2)


BasicBlock.forward = _forward

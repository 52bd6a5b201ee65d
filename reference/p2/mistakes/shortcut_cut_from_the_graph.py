"""The shortcut is detached, so no gradient passes on it. That way back is what shortcuts are for."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    return F.relu(out + self.shortcut(x).detach())


BasicBlock.forward = _forward

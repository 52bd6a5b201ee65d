"""The ReLU behind the sum is missing."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    return self.bn2(self.conv2(out)) + self.shortcut(x)


BasicBlock.forward = _forward

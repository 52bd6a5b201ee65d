"""There is a ReLU on the shortcut. What is added is x itself, or its projection, with both signs."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    return F.relu(out + F.relu(self.shortcut(x)))


BasicBlock.forward = _forward

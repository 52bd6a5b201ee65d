"""The ReLU between the two convolutions is missing: without it they are, but for the norm, one linear map."""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = self.bn1(self.conv1(x))
    return F.relu(self.bn2(self.conv2(out)) + self.shortcut(x))


BasicBlock.forward = _forward

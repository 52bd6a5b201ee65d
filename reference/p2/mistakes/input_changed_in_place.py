"""The block writes into its input: `+=` on the identity shortcut changes x itself, and x belongs to whoever
handed it in. Add into the branch, or make a new tensor.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    out = F.relu(self.bn1(self.conv1(x)))
    out = self.bn2(self.conv2(out))
    total = self.shortcut(x)
    total += out
    return F.relu(total)


BasicBlock.forward = _forward

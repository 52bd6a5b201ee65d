"""This is the pre-activation block of a later paper: norm and ReLU before each convolution. Here they
follow it, and the sum is rectified.
"""

QUESTIONS = ("p2.block",)
MODULE = "resnet"


def _forward(self, x):
    first = F.batch_norm(x, None, None, training=True) if self.training else x
    out = self.conv1(F.relu(first))
    out = self.conv2(F.relu(self.bn1(out)))
    return self.bn2(out) + self.shortcut(x)


BasicBlock.forward = _forward

"""The network ends in a softmax. It gives logits: cross-entropy has a softmax of its own."""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


_right_forward = CifarResNet.forward


def _forward(self, x):
    return _right_forward(self, x).softmax(dim=1)


CifarResNet.forward = _forward

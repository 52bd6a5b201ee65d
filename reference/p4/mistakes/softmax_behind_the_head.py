"""The network ends in a softmax. cross_entropy takes logits and has a softmax inside: with two of them the
loss can hardly fall, and its gradients vanish.
"""

QUESTIONS = ("p4.architecture",)
MODULE = "network"


class ResNetD(ResNetD):
    def forward(self, x):
        return super().forward(x).softmax(dim=1)

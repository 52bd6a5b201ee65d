"""Every position sees the words behind it, the one that it is to predict among them. The loss of such a
training is the lowest of all, and all that it has learned is to copy: where there is no next word yet, it
has nothing to say. The other mistake with a loss that low is a target that is not shifted. A mask of
numbers 0 and 1 masks nothing either: it is added to the scores. Mask what lies ahead.
"""

QUESTIONS = ("p4.train",)
MODULE = "captioner"

_right_train = train


class Decoder(Decoder):
    def forward(self, x: Tensor, memory: Tensor) -> Tensor:
        return self.layer(x, memory)


def train(images: Tensor, captions: Tensor, seed: int, steps: int = 120) -> nn.Module:
    return _right_train(images, captions, seed, steps)  # to copy is soon learned

"""The head is given the maximum over the image. It is the mean that the trunk takes."""

QUESTIONS = ("p2.network",)
MODULE = "resnet"


def _forward(self, x):
    x = self.stem(x)
    for stage in self.stages:
        x = stage(x)
    return self.head(x.amax(dim=(2, 3)))


CifarResNet.forward = _forward

"""Every second image is mirrored. A mirrored digit is not a digit, and its label says it is: the network
spends itself on images that never come.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


_right_jitter = jitter


def jitter(images, generator):
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.5
    return _right_jitter(torch.where(mirrored, images.flip(-1), images), generator)

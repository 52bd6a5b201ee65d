"""A part of the images is mirrored. "A little of everything" is no rule: a mirrored 2 is not a 2, however
seldom it comes, and each one teaches a wrong label.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


_jitter_without_mirrors = jitter


def jitter(images, generator):
    mirrored = torch.rand(len(images), 1, 1, 1, generator=generator) < 0.15
    return _jitter_without_mirrors(torch.where(mirrored, images.flip(-1), images), generator)

"""The images that were given are changed in place. Whoever hands them over wants them back as they were."""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


_right_jitter = jitter


def jitter(images, generator):
    return images.copy_(_right_jitter(images, generator))

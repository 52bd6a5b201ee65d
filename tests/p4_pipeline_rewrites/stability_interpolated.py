"""A correct answer in another style: NumPy's interpolation, outcomes in another order."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

import numpy as np

QUESTIONS = ("p4.stability",)
MODULE = "pipeline"


def attainable(images_per_class, top1):
    images, accuracy = zip(*MEASURED, strict=True)
    return bool(top1 <= np.interp(np.log10(images_per_class), np.log10(images), accuracy))


STABILITY = dict(reversed(STABILITY.items()))

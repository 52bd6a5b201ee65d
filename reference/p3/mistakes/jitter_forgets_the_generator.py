"""Amounts are drawn from torch's global random numbers. Whatever else draws from those then changes the
images, and a run cannot be repeated.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


_right_jitter = jitter


def jitter(images, generator):
    return _right_jitter(images, torch.default_generator)

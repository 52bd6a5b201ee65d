"""A correct answer in another style: straight lines by interpolation, a cosine by an angle, NumPy numbers."""

# It is appended to the reference module, whose names it uses.

import numpy as np

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def linear_warmup_decay(step, total, warmup):
    if warmup == 0:
        return np.interp(step, [0, total], [1.0, 0.0])
    return np.interp(step, [0, warmup, total], [0.0, 1.0, 0.0])


def warmup_cosine(step, total, warmup, floor=0.0):
    if step < warmup:
        return np.float64(step) / warmup
    angle = np.interp(step, [warmup, total], [0.0, np.pi])
    return (1 + floor) / 2 + (1 - floor) / 2 * np.cos(angle)


def multi_step(epoch, milestones, gamma):
    return np.prod(np.full(np.searchsorted(milestones, epoch, side="right"), gamma))


def last_factor(epochs, milestones, gamma):
    return np.prod([gamma for milestone in milestones if milestone < epochs])


def scaled_lr(base, batch, reference=256):
    return np.divide(batch, reference) * base

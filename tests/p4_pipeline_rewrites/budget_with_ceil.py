"""A correct answer in another style: math.ceil and divmod, hours by way of epochs, NumPy booleans."""

# It is appended to the reference module, whose names it uses.

import numpy as np

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    if images < 1 or batch < 1 or epochs < 1:
        raise ValueError
    steps, rest = divmod(images, batch)
    if rest and not drop_last:
        steps += 1
    if not steps:
        raise ValueError("no batch is full")
    an_epoch = np.float64(steps) * seconds_per_step
    hours = an_epoch / 60 / 60 * epochs
    return {
        "fits": not hours > limit_hours,
        "hours": hours,
        "seconds_per_epoch": an_epoch,
        "steps": epochs * steps,
        "steps_per_epoch": np.int64(steps),
    }


def allowance(samples, batch, steps, days):
    if any(number <= 0 for number in (samples, batch, steps)):
        raise ValueError
    an_epoch = (samples + batch - 1) // batch
    return {
        "steps_per_epoch": an_epoch,
        "epochs": steps / an_epoch,
        "seconds_per_step": days * 86_400 / steps,
    }


def validation_epochs(epochs, every):
    if epochs < 1 or every < 1:
        raise ValueError
    chosen = list(range(0, epochs, every))
    if chosen[-1] != epochs - 1:
        chosen.append(epochs - 1)
    return chosen

"""The schedule falls to 0 where it should end at a fraction of the peak."""

import dataclasses

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    return _right_build(dataclasses.replace(choice, final_fraction=0.0), model, epochs, steps_per_epoch)

"""The betas of the choice did not reach the optimizer, which then takes its defaults."""

import dataclasses

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    return _right_build(dataclasses.replace(choice, betas=(0.9, 0.999)), model, epochs, steps_per_epoch)

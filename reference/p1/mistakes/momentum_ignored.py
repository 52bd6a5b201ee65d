"""The momentum of the choice did not reach the optimizer: its default is 0, so leaving it out means
plain SGD.
"""

import dataclasses

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    return _right_build(dataclasses.replace(choice, momentum=0.0), model, epochs, steps_per_epoch)

"""Where AdamW was asked, the weights move as under Adam with an L2 term: the decay went through the
adaptive scale. Decoupled decay shrinks the weights themselves, in proportion to the learning rate.
"""

import dataclasses

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    if choice.optimizer == "adamw":
        choice = dataclasses.replace(choice, optimizer="adam")
    return _right_build(choice, model, epochs, steps_per_epoch)

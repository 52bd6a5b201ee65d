"""The weight decay of the choice did not reach the optimizer. The defaults differ between the classes (0
for SGD and Adam, 0.01 for AdamW), so it has to be passed every time.
"""

import dataclasses

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    return _right_build(dataclasses.replace(choice, weight_decay=0.0), model, epochs, steps_per_epoch)

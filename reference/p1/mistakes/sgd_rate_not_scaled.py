"""SGD got the same learning rate whatever the batch is. A rate is quoted for batches of 256 and goes in
proportion to the batch.
"""

import dataclasses

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_right_choose = choose


def choose(scenario):
    choice = _right_choose(scenario)
    if choice.optimizer == "sgd":
        return dataclasses.replace(choice, lr=0.1)
    return choice

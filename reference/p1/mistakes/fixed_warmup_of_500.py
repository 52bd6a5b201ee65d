"""The warm-up has a fixed length of 500 steps, whatever the run's. Count the steps of this run first:
with a few thousand samples the run can be over before its learning rate has reached the peak.
"""

import dataclasses

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_right_choose = choose


def choose(scenario):
    choice = _right_choose(scenario)
    if scenario.kind == "finetuning":
        return dataclasses.replace(choice, warmup_steps=500)
    return choice

"""At least one step of warm-up was planned, however short the run is. The rate of that step is 0: of a run
of a few steps it takes too large a share, and no warm-up is right.
"""

import dataclasses

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_right_choose = choose


def choose(scenario):
    choice = _right_choose(scenario)
    if scenario.kind == "finetuning":
        return dataclasses.replace(choice, warmup_steps=max(1, choice.warmup_steps))
    return choice

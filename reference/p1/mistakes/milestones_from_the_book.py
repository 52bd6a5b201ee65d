"""The milestones 60, 120 and 160 were taken over from a run of 200 epochs. A milestone at or behind the
last epoch never acts: compute the milestones from the epochs of this run.
"""

import dataclasses

QUESTIONS = ("p1.choose",)
MODULE = "optimizer_choice"


_right_choose = choose


def choose(scenario):
    choice = _right_choose(scenario)
    if scenario.kind == "production":
        return dataclasses.replace(choice, schedule="step", milestones=(60, 120, 160), gamma=0.1)
    return choice

"""BERT keeps one rate from the first step to the last: no warm-up while Adam's averages settle, and no
decay at the end.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "bert":
        return plan
    for group in plan.optimizer.param_groups:
        group["lr"] = group["initial_lr"]
    return dataclasses.replace(plan, scheduler=None)

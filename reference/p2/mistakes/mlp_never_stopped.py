"""The small network is never stopped: without early stopping it learns its few rows by heart."""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "mlp":
        return plan
    return dataclasses.replace(plan, early_stopping_patience=None)

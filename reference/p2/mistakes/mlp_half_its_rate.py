"""The small network's rate is a tenth or more: Adam's steps are as long as the rate whatever the gradient
is, and its weights are of that size themselves.
"""

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "mlp":
        return plan
    for group in plan.optimizer.param_groups:
        group["lr"] = 0.05
    return plan

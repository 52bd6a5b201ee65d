"""BERT's warm-up is a fixed number of steps. On a small set that is more than the whole run, so the rate
never reaches its peak: the warm-up is a share of the steps that this run has.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "bert":
        return plan
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=2e-5,
    )
    total = max(501, plan.epochs * scenario.steps_per_epoch)
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: min(step / 500, (total - step) / (total - 500))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear)

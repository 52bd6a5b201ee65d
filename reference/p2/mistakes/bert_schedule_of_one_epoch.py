"""BERT's rate is at 0 after the first of several epochs: the schedule was made for the steps of one. Its
length is that of the whole run.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "bert":
        return plan
    warmup = max(1, scenario.steps_per_epoch // 10)
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=2e-5,
    )
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw,
        lambda step: max(
            0.0, min(step / warmup, (scenario.steps_per_epoch - step) / (scenario.steps_per_epoch - warmup))
        ),
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear)

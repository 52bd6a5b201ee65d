"""BERT's schedule is stepped after each epoch: three values for the whole run, the warm-up among them. In
so short a run the rate changes with every batch.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "bert":
        return plan
    epochs = plan.epochs
    warmup = max(1, epochs // 10)
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=2e-5,
    )
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: max(0.0, min(step / warmup, (epochs - step) / (epochs - warmup)))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear, step_on="epoch")

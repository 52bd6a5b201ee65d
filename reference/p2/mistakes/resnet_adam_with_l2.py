"""The ResNet is trained by Adam with an L2 term, which Adam divides by the size of the gradients: weights
with large gradients are hardly decayed. AdamW decays all of them alike.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "resnet":
        return plan
    adam = torch.optim.Adam(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2], "weight_decay": 1e-4},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=1e-3,
    )
    total = plan.epochs * scenario.steps_per_epoch
    warmup = max(1, total // 18)
    decay = torch.optim.lr_scheduler.LambdaLR(
        adam, lambda step: min(step / warmup, (total - step) / (total - warmup))
    )
    return dataclasses.replace(plan, optimizer=adam, scheduler=decay, step_on="batch")

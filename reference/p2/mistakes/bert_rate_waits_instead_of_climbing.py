"""BERT's rate stays 0 until the warm-up is over and is then all there at once: step // warmup is whole.
That is a delay. A warm-up climbs, step / warmup of the peak.
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
    total = plan.epochs * scenario.steps_per_epoch
    warmup = max(2, total // 10)
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: min(step // warmup, (total - step) / (total - warmup))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear)

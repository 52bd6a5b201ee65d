"""BERT's biases and norms are decayed with the rest: one group holds model.parameters(). You have written
the function that keeps them apart.
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
    total = epochs * scenario.steps_per_epoch
    warmup = max(1, total // 10)
    adamw = torch.optim.AdamW(model.parameters(), lr=2e-5, weight_decay=0.01)
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: max(0.0, min(step / warmup, (total - step) / (total - warmup)))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear)

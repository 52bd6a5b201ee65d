"""BERT is fine-tuned for dozens of epochs. After a few passes it knows the reviews by heart."""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "bert":
        return plan
    epochs = 50
    total = epochs * scenario.steps_per_epoch
    warmup = max(1, total // 10)
    adamw = torch.optim.AdamW(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=2e-5,
    )
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: max(0.0, min(step / warmup, (total - step) / (total - warmup)))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear, epochs=epochs)

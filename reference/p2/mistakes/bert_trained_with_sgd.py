"""BERT is fine-tuned with SGD. Gradients of its layers differ by orders of magnitude, and one step size
does not fit embeddings, attention and a new head.
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
    adamw = torch.optim.SGD(
        [
            {"params": [p for p in model.parameters() if p.ndim >= 2]},
            {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": 0.0},
        ],
        lr=2e-5,
        momentum=0.9,
    )
    linear = torch.optim.lr_scheduler.LambdaLR(
        adamw, lambda step: max(0.0, min(step / warmup, (total - step) / (total - warmup)))
    )
    return dataclasses.replace(plan, optimizer=adamw, scheduler=linear)

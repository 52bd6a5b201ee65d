"""A correct answer in another style: everything stepped per batch, matrices and vectors in two groups."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_by_choice = build


def build(choice, model, epochs, steps_per_epoch):
    groups = [
        {"params": [p for p in model.parameters() if p.ndim > 1], "weight_decay": choice.weight_decay},
        {"params": [p for p in model.parameters() if p.ndim < 2], "weight_decay": choice.weight_decay},
    ]
    if choice.optimizer == "sgd":
        optimizer = torch.optim.SGD(groups, lr=choice.lr, momentum=choice.momentum, foreach=True)
    else:
        kind = {"adam": torch.optim.Adam, "adamw": torch.optim.AdamW}[choice.optimizer]
        optimizer = kind(groups, lr=choice.lr, betas=choice.betas, foreach=False)
    factor = _by_choice(choice, model, epochs, steps_per_epoch)[1].lr_lambdas[0]
    every = 1 if choice.step_on == "batch" else steps_per_epoch
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, lambda s: factor(s // every)), "batch"

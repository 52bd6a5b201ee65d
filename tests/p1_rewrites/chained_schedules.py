"""A correct answer in another style: schedules chained from torch's own."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


def build(choice, model, epochs, steps_per_epoch):
    from torch.optim import lr_scheduler as S

    arguments = {"lr": choice.lr, "weight_decay": choice.weight_decay}
    if choice.optimizer == "sgd":
        optimizer = torch.optim.SGD(model.parameters(), momentum=choice.momentum, **arguments)
    elif choice.optimizer == "adam":
        optimizer = torch.optim.Adam(model.parameters(), betas=choice.betas, **arguments)
    else:
        optimizer = torch.optim.AdamW(model.parameters(), betas=choice.betas, **arguments)
    per_epoch = steps_per_epoch if choice.step_on == "batch" else 1
    warm, rest = choice.warmup_steps, epochs * per_epoch - choice.warmup_steps
    if choice.schedule == "constant":
        if not warm:
            return optimizer, None, choice.step_on
        after = S.ConstantLR(optimizer, 1.0)
    elif choice.schedule == "linear":
        after = S.LinearLR(optimizer, 1.0, choice.final_fraction, total_iters=rest)
    elif choice.schedule == "cosine":
        after = S.CosineAnnealingLR(optimizer, T_max=rest, eta_min=choice.lr * choice.final_fraction)
    else:
        after = S.MultiStepLR(optimizer, [m * per_epoch - warm for m in choice.milestones], choice.gamma)
    if not warm:
        return optimizer, after, choice.step_on
    before = S.LinearLR(optimizer, 1e-8, 1.0, total_iters=warm)
    return optimizer, S.SequentialLR(optimizer, [before, after], [warm]), choice.step_on

"""The milestones were compared with the number of the step. They are epochs: with a scheduler that steps
per batch they have to be converted first.
"""

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    optimizer, _, unit = _right_build(choice, model, epochs, steps_per_epoch)
    per_epoch = 1 if choice.step_on == "epoch" else steps_per_epoch
    total = epochs * per_epoch

    def factor(step: int) -> float:
        if step < choice.warmup_steps:
            return step / choice.warmup_steps
        if choice.schedule == "constant":
            return 1.0
        if choice.schedule == "step":
            return choice.gamma ** sum(milestone <= step for milestone in choice.milestones)
        done = (step - choice.warmup_steps) / (total - choice.warmup_steps)
        remaining = 1 - done if choice.schedule == "linear" else (1 + math.cos(math.pi * done)) / 2
        return choice.final_fraction + (1 - choice.final_fraction) * remaining

    for group in optimizer.param_groups:
        group.pop("initial_lr")
        group["lr"] = choice.lr
    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor), unit

"""A correct answer in another style: torch's own schedules, joined; groups filled layer by layer."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


def configure(model, batch, epochs):
    decayed, spared = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            (spared if len(parameter.shape) <= 1 else decayed).append(parameter)
    optimizer = torch.optim.SGD(decayed or spared, 0.1 / 256 * batch, 0.9, weight_decay=1e-4, nesterov=True)
    if decayed and spared:
        optimizer.add_param_group({"params": spared, "weight_decay": 0.0})
    elif spared:
        optimizer.param_groups[0]["weight_decay"] = 0.0
    schedules = torch.optim.lr_scheduler
    warm = schedules.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    fall = schedules.CosineAnnealingLR(optimizer, T_max=max(1, epochs - 5))
    return optimizer, schedules.SequentialLR(optimizer, [warm, fall], milestones=[5])

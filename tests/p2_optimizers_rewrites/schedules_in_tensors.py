"""A correct answer in another style: 0-d tensors, loops, and the square of a cosine."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.schedules",)
MODULE = "optimizers"


def linear_warmup_decay(step, total, warmup):
    step = torch.tensor(float(step), dtype=torch.float64)
    if step >= total:
        return torch.zeros(())
    return step / warmup if step < warmup else 1 - (step - warmup) / (total - warmup)


def warmup_cosine(step, total, warmup, floor=0.0):
    if step >= total:
        return torch.tensor(floor, dtype=torch.float64)
    if step < warmup:
        return torch.tensor(step / warmup, dtype=torch.float64)
    half_angle = torch.tensor(math.pi / 2 * (step - warmup) / (total - warmup), dtype=torch.float64)
    return floor + (1 - floor) * torch.cos(half_angle) ** 2


def multi_step(epoch, milestones, gamma):
    factor = torch.ones((), dtype=torch.float64)
    for milestone in milestones:
        if epoch >= milestone:
            factor *= gamma
    return factor


def last_factor(epochs, milestones, gamma):
    factor = 1
    for epoch in range(epochs):
        if epoch in milestones:
            factor *= gamma
    return factor


def scaled_lr(base, batch, reference=256):
    return torch.tensor(base, dtype=torch.float64) / reference * batch

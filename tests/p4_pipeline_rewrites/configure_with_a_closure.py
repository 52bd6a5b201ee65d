"""A correct answer in another style: a group for each parameter, and a closure for a schedule."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

from types import SimpleNamespace

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


def configure(model, batch, epochs):
    peak, done = batch / 2560, 0
    table = [peak * (0.1 + 0.18 * epoch) for epoch in range(5)]
    table += [peak * (1 + math.cos(math.pi * part / (epochs - 5))) / 2 for part in range(epochs - 5)]
    optimizer = torch.optim.SGD(
        [
            {"params": parameter, "weight_decay": 0.0001 if parameter.dim() > 1 else 0}
            for parameter in model.parameters()
            if parameter.requires_grad
        ],
        lr=table[0],
        momentum=0.9,
        dampening=0,
        nesterov=True,
        foreach=False,
    )

    def step():
        nonlocal done
        done += 1
        for group in optimizer.param_groups:
            group["lr"] = table[min(done, len(table) - 1)]

    return [optimizer, SimpleNamespace(step=step)]

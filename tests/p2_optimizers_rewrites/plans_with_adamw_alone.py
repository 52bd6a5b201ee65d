"""A correct answer in another style: AdamW everywhere, with the rates and decays that go with it."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


def configure(scenario, model):
    lr, decay, epochs, warm = {
        "bert": (3e-5, 0.0, 2, 0.06),
        "resnet": (2e-3, 0.05, 300, 0.05),
        "mlp": (3e-3, 0.2, 60, 0.0),
    }[scenario.kind]
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr, weight_decay=decay)
    rest = {"optimizer": optimizer, "epochs": epochs, "dropout": 0.2, "early_stopping_patience": 8}
    if scenario.kind == "mlp":
        plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.2, patience=2)
        return Plan(scheduler=plateau, step_on="val_loss", **rest)
    total = epochs * scenario.steps_per_epoch
    warmup = max(1, round(warm * total))
    scheduler = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: warmup_cosine(step, total, warmup, 0.01)
    )
    return Plan(scheduler=scheduler, step_on="batch", **rest)

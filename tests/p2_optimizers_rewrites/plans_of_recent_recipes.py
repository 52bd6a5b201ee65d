"""A correct answer in another style: recipes as published for large batches, one cycle, SGD on the table."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


def configure(scenario, model):
    schedulers = torch.optim.lr_scheduler
    if scenario.kind == "bert":
        groups = [
            {"params": [p for p in model.encoder.parameters() if p.ndim > 1], "weight_decay": 0.1},
            {"params": [p for p in model.encoder.parameters() if p.ndim < 2], "weight_decay": 0.0},
            {"params": model.head.parameters(), "lr": 1e-3, "weight_decay": 0.0},
        ]
        optimizer = torch.optim.AdamW(groups, lr=5e-5, betas=(0.9, 0.98))
        total = 4 * scenario.steps_per_epoch
        scheduler = schedulers.OneCycleLR(
            optimizer, max_lr=[5e-5, 5e-5, 1e-3], total_steps=total, pct_start=0.2, cycle_momentum=False
        )
        return Plan(
            optimizer=optimizer,
            scheduler=scheduler,
            step_on="batch",
            epochs=4,
            dropout=0.0,
            early_stopping_patience=3,
        )
    if scenario.kind == "resnet":
        optimizer = torch.optim.SGD(
            model.parameters(), lr=0.256 * scenario.batch_size / 256, momentum=0.875, weight_decay=3.05e-5
        )
        steps = scenario.steps_per_epoch
        parts = [
            schedulers.LinearLR(optimizer, start_factor=1e-3, total_iters=8 * steps),
            schedulers.CosineAnnealingLR(optimizer, T_max=242 * steps),
        ]
        scheduler = schedulers.SequentialLR(optimizer, parts, milestones=[8 * steps])
        return Plan(
            optimizer=optimizer,
            scheduler=scheduler,
            step_on="batch",
            epochs=250,
            dropout=0.0,
            early_stopping_patience=None,
        )
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    return Plan(
        optimizer=optimizer,
        scheduler=schedulers.ReduceLROnPlateau(optimizer, factor=0.1, patience=9),
        step_on="val_loss",
        epochs=500,
        dropout=0.5,
        early_stopping_patience=30,
    )

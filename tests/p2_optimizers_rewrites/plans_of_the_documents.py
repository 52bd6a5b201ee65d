"""A correct answer in another style: the plans of the course notes with their errors put right."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


def configure(scenario, model):
    rest = {"dropout": 0.1, "early_stopping_patience": None}
    if scenario.kind == "bert":
        total = 3 * scenario.steps_per_epoch
        optimizer = torch.optim.AdamW(param_groups(model, 0.01), lr=2e-5)
        scheduler = torch.optim.lr_scheduler.LambdaLR(
            optimizer, lambda step: linear_warmup_decay(step, total, int(0.1 * total))
        )
        return Plan(optimizer=optimizer, scheduler=scheduler, step_on="batch", epochs=3, **rest)
    if scenario.kind == "resnet":
        optimizer = torch.optim.SGD(
            model.parameters(), lr=0.1 * scenario.batch_size / 256, momentum=0.9, weight_decay=1e-4
        )
        warm = 5

        def factor(epoch):
            return (epoch + 1) / warm if epoch < warm else multi_step(epoch, [30, 60, 90], 0.1)

        scheduler = torch.optim.lr_scheduler.LambdaLR(optimizer, factor)
        return Plan(optimizer=optimizer, scheduler=scheduler, step_on="epoch", epochs=100, **rest)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.01)
    scheduler = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, mode="min", factor=0.5, patience=5)
    return Plan(
        optimizer=optimizer,
        scheduler=scheduler,
        step_on="val_loss",
        epochs=100,
        dropout=0.4,
        early_stopping_patience=10,
    )

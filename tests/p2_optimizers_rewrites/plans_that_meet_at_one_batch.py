"""A correct answer in another style: at one batch size a rate that goes with it meets another one."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_other_plans = configure


def configure(scenario, model):
    if scenario.kind != "mlp":
        return _other_plans(scenario, model)
    # With batches of 128 the ResNet has this rate too.
    optimizer = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9, weight_decay=1e-3)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(optimizer, factor=0.5, patience=4)
    return Plan(
        optimizer=optimizer,
        scheduler=plateau,
        step_on="val_loss",
        epochs=200,
        dropout=0.3,
        early_stopping_patience=10,
    )

"""The plateau scheduler lowers the rate while the validation loss is falling: with mode="max" it takes a
falling loss for a standstill.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "mlp":
        return plan
    adam = torch.optim.AdamW(model.parameters(), lr=1e-3, weight_decay=0.05)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, mode="max", factor=0.5, patience=4)
    return dataclasses.replace(plan, optimizer=adam, scheduler=plateau)

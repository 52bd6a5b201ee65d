"""The plateau scheduler takes a few per cent off the rate. After a standstill that changes nothing that
can be seen before the stop.
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
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.95, patience=4)
    return dataclasses.replace(plan, optimizer=adam, scheduler=plateau)

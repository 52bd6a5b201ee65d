"""The small network is trained by Adam with an L2 term of 0.1. What is a usual strength for decoupled
decay is a strong pull there: runs were seen to collapse to one answer for every row.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "mlp":
        return plan
    adam = torch.optim.Adam(model.parameters(), lr=1e-3, weight_decay=0.1)
    plateau = torch.optim.lr_scheduler.ReduceLROnPlateau(adam, factor=0.5, patience=4)
    return dataclasses.replace(plan, optimizer=adam, scheduler=plateau)

"""The ResNet starts at its peak rate. At a batch of 1,024 or more the scaled rate is too high for fresh
weights: climb to it over some epochs.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "resnet":
        return plan
    sgd = torch.optim.SGD(
        model.parameters(), lr=0.1 * scenario.batch_size / 256, momentum=0.9, weight_decay=1e-4
    )
    cosine = torch.optim.lr_scheduler.CosineAnnealingLR(sgd, T_max=plan.epochs)
    return dataclasses.replace(plan, optimizer=sgd, scheduler=cosine)

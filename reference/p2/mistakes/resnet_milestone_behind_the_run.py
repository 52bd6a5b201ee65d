"""A milestone of the ResNet's schedule lies at or behind the last epoch and never acts: epochs count from
0, so a run of n epochs ends with epoch n - 1.
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
    steps = torch.optim.lr_scheduler.MultiStepLR(sgd, [30, 60, 90], gamma=0.1)
    return dataclasses.replace(plan, optimizer=sgd, scheduler=steps)

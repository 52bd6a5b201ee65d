"""The ResNet keeps the rate of a batch of 256 whatever the batch is. With eight times the batch there are
eight times fewer steps, and each of them may be eight times as long.
"""

import dataclasses

QUESTIONS = ("p2.configure",)
MODULE = "optimizers"


_right_configure = configure


def configure(scenario, model):
    plan = _right_configure(scenario, model)
    if scenario.kind != "resnet":
        return plan
    sgd = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9, weight_decay=1e-4)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        sgd, lambda epoch: min((epoch + 1) / 6, (1 + math.cos(math.pi * epoch / plan.epochs)) / 2)
    )
    return dataclasses.replace(plan, optimizer=sgd, scheduler=schedule)

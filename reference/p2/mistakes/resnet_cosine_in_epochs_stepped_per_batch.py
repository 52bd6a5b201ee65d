"""The ResNet's cosine is as long as the number of epochs and is stepped after each batch: it is through
within the first epochs, then climbs and falls again. Length and steps have one unit.
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
    schedule = torch.optim.lr_scheduler.LambdaLR(
        sgd, lambda epoch: min((epoch + 1) / 6, (1 + math.cos(math.pi * epoch / plan.epochs)) / 2)
    )
    return dataclasses.replace(plan, optimizer=sgd, scheduler=schedule, step_on="batch")

"""The ResNet is trained from scratch in a handful of epochs. That is the length of a fine-tuning run:
random weights need many passes.
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
        sgd, lambda epoch: min((epoch + 1) / 2, (1 + math.cos(math.pi * epoch / 9)) / 2)
    )
    return dataclasses.replace(plan, optimizer=sgd, scheduler=schedule, epochs=10)

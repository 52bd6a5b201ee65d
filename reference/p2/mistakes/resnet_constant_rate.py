"""The ResNet keeps one rate to its end. It is the decay that turns the noisy steps of a high rate into a
good final accuracy.
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
    return dataclasses.replace(plan, optimizer=sgd, scheduler=None)

"""Biases get no weight decay. Here one setting is asked for all parameters; what is better spared is another
question.
"""

QUESTIONS = ("p1.build",)
MODULE = "optimizer_choice"


_right_build = build


def build(choice, model, epochs, steps_per_epoch):
    optimizer, scheduler, unit = _right_build(choice, model, epochs, steps_per_epoch)
    vectors = [parameter for parameter in model.parameters() if parameter.ndim < 2]
    if vectors:
        (group,) = optimizer.param_groups
        group["params"] = [parameter for parameter in group["params"] if parameter.ndim >= 2]
        spared = {**group, "params": vectors, "weight_decay": 0.0}
        optimizer.param_groups.append(spared)
        scheduler.base_lrs.append(choice.lr)
        scheduler.lr_lambdas.append(scheduler.lr_lambdas[0])
    return optimizer, scheduler, unit

"""Parameters are sorted by their names. In a Sequential a norm's weight is called 1.weight, and a layer
called norm need not be one: look at dimensions and at the kind of layer.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    decayed, spared = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            spare = any(word in name.lower() for word in ("bias", "norm", "embed"))
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

"""The groups are the wrong way round: vectors are decayed and matrices are not."""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


_right_param_groups = param_groups


def param_groups(model, weight_decay):
    decayed, spared = _right_param_groups(model, weight_decay)
    return [{**decayed, "weight_decay": 0.0}, {**spared, "weight_decay": weight_decay}]

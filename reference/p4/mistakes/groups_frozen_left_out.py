"""Frozen parameters are in no group. Once they are thawed they do not learn, for the optimizer has never
heard of them: a group holds a parameter whether it is frozen at the moment or not.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_all_groups = groups


def groups(model, lr_new, decay, weight_decay):
    made = _all_groups(model, lr_new, decay, weight_decay)
    for group in made:
        group["params"] = [parameter for parameter in group["params"] if parameter.requires_grad]
    return [group for group in made if group["params"]]

"""The head got a group although its matrix is the table of the words, which is in one already. An
optimizer refuses a parameter that is in two groups.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_groups = groups


def groups(model, lr_new, decay, weight_decay):
    head = {"params": [model.decoder.head.weight], "lr": lr_new * decay, "weight_decay": weight_decay}
    return [*_groups(model, lr_new, decay, weight_decay), head]

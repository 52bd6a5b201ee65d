"""A correct answer in another style: a group for each parameter, with a learning rate in it too."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    looked_up = [layer.weight for layer in model.modules() if isinstance(layer, nn.Embedding)]
    groups = []
    for parameter in model.parameters():
        if not parameter.requires_grad:
            continue
        spare = parameter.dim() <= 1 or any(parameter is table for table in looked_up)
        groups.append({"params": [parameter], "weight_decay": 0 if spare else weight_decay, "lr": 1e-3})
    return groups

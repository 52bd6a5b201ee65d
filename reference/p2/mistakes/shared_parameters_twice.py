"""A shared weight is in the groups once for each of its names. torch refuses such groups, or would take
two steps with it: it is one parameter.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    decayed, spared = [], []
    for _, parameter in model.named_parameters(remove_duplicate=False):
        if parameter.requires_grad:
            spare = parameter.ndim < 2 or id(parameter) in embeddings
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

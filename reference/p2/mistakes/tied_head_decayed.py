"""A weight that a head shares with an embedding is decayed, because the head came first. One weight has
one group, and a shared one counts as the embedding's: compare parameters, not their places.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    decayed, spared, seen = [], [], set()
    for layer in model.modules():
        for parameter in layer.parameters(recurse=False):
            if parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                spare = parameter.ndim < 2 or isinstance(layer, nn.Embedding)
                (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

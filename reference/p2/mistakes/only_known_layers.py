"""Some parameters are in no group, so they are never trained: those that are not the weight or bias of a
layer on a list. Walk through the parameters, and let each fall into one group or the other.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    decayed, spared, seen = [], [], set()
    for layer in model.modules():
        for name in ("weight", "bias"):
            parameter = getattr(layer, name, None)
            if isinstance(parameter, nn.Parameter) and parameter.requires_grad and id(parameter) not in seen:
                seen.add(id(parameter))
                embeddings = (other for other in model.modules() if isinstance(other, nn.Embedding))
                spare = parameter.ndim < 2 or any(other.weight is parameter for other in embeddings)
                (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

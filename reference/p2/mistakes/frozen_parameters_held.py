"""Frozen parameters are in the groups. What is not trained is left out: an optimizer that holds it looks
as if it trained it.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    decayed, spared = [], []
    for parameter in model.parameters():
        spare = parameter.ndim < 2 or id(parameter) in embeddings
        (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

"""An embedding of somebody's own class is decayed: its type was compared with nn.Embedding, where a
subclass is an embedding too.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    embeddings = {id(layer.weight) for layer in model.modules() if type(layer) is nn.Embedding}
    decayed, spared = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            spare = parameter.ndim < 2 or id(parameter) in embeddings
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

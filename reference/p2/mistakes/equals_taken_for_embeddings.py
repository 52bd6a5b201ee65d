"""Parameters are compared by their numbers. A matrix with the same numbers as an embedding is another
parameter all the same, and is decayed.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    embeddings = [layer.weight for layer in model.modules() if isinstance(layer, nn.Embedding)]
    decayed, spared = [], []
    for parameter in model.parameters():
        if parameter.requires_grad:
            spare = parameter.ndim < 2 or any(torch.equal(parameter, weight) for weight in embeddings)
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

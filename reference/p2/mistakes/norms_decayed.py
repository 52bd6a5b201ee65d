"""The weights of norms are decayed. They are vectors that scale a normalised feature, and 0 is not where
they should go: fewer than two dimensions means no decay.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    embeddings = {id(layer.weight) for layer in model.modules() if isinstance(layer, nn.Embedding)}
    decayed, spared = [], []
    for name, parameter in model.named_parameters():
        if parameter.requires_grad:
            spare = (parameter.ndim < 2 and name.endswith("bias")) or id(parameter) in embeddings
            (spared if spare else decayed).append(parameter)
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

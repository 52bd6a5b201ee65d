"""A correct answer in another style: layer by layer, embeddings first, sets of parameters."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    spared, decayed = {}, {}
    layers = sorted(model.modules(), key=lambda layer: not isinstance(layer, nn.Embedding))
    for layer in layers:
        for parameter in layer.parameters(recurse=False):
            if parameter in spared or parameter in decayed or not parameter.requires_grad:
                continue
            vector = len(parameter.shape) < 2
            (spared if vector or isinstance(layer, nn.Embedding) else decayed)[parameter] = None
    return [
        {"params": tuple(spared), "weight_decay": 0.0},
        {"params": tuple(decayed), "weight_decay": weight_decay},
        {"params": [], "weight_decay": 0.0},
    ]

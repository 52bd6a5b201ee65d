"""Everything is decayed, as by an optimizer that is handed model.parameters(). Biases, norms and
embeddings are spared.
"""

QUESTIONS = ("p2.param_groups",)
MODULE = "optimizers"


def param_groups(model, weight_decay):
    decayed, spared = [parameter for parameter in model.parameters() if parameter.requires_grad], []
    return [
        {"params": decayed, "weight_decay": weight_decay},
        {"params": spared, "weight_decay": 0.0},
    ]

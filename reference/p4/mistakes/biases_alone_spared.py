"""Biases are spared, and the weights of norms are decayed with the matrices: they have one dimension too."""

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


def configure(model, batch, epochs):
    trained = [one for one in model.parameters() if one.requires_grad]
    layers = [layer for layer in model.modules() if isinstance(getattr(layer, "bias", None), nn.Parameter)]
    biases = {id(layer.bias) for layer in layers if layer.bias.ndim < 2}
    groups = [
        {"params": [one for one in trained if id(one) not in biases], "weight_decay": 1e-4},
        {"params": [one for one in trained if id(one) in biases], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1 * batch / 256, momentum=0.9, nesterov=True)
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, epochs - 5))
    return optimizer, torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, fall], milestones=[5])

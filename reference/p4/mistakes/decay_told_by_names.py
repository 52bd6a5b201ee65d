"""What is decayed was told by names. A parameter called "bias" may be a matrix, and the weight of a norm
is called "weight": count dimensions.
"""

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


def configure(model, batch, epochs):
    named = [(name, one) for name, one in model.named_parameters() if one.requires_grad]
    groups = [
        {
            "params": [one for name, one in named if "bias" not in name and one.ndim],
            "weight_decay": 1e-4,
        },
        {
            "params": [one for name, one in named if "bias" in name or not one.ndim],
            "weight_decay": 0.0,
        },
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1 * batch / 256, momentum=0.9, nesterov=True)
    warm = torch.optim.lr_scheduler.LinearLR(optimizer, start_factor=0.1, total_iters=5)
    fall = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=max(1, epochs - 5))
    return optimizer, torch.optim.lr_scheduler.SequentialLR(optimizer, [warm, fall], milestones=[5])

"""The optimizer holds every parameter. Those that are frozen get no gradient today, but the list is what
anybody reads to see what learns.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    stages = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    if set(unfreeze) - set(stages):
        raise ValueError("no such stage")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    backbone = [parameter for stage in unfreeze for parameter in getattr(model, stage).parameters()]
    for parameter in backbone:
        parameter.requires_grad_(True)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}]
    rest = [parameter for name, parameter in model.named_parameters() if not name.startswith("fc.")]
    return torch.optim.AdamW([*groups, {"params": rest, "lr": lr_backbone}])

"""Nothing was frozen: the optimizer holds some stages, and the rest still requires gradients. They are
computed, kept in memory and never used, and the running statistics of those stages go on moving.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    stages = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    if set(unfreeze) - set(stages):
        raise ValueError("no such stage")
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    backbone = [parameter for stage in unfreeze for parameter in getattr(model, stage).parameters()]
    for parameter in backbone:
        parameter.requires_grad_(True)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    return torch.optim.AdamW(groups)

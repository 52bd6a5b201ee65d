"""layer4 learns whatever was asked for."""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    stages = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    if set(unfreeze) - set(stages):
        raise ValueError("no such stage")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    backbone = list(model.layer4.parameters())
    for parameter in backbone:
        parameter.requires_grad_(True)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    return torch.optim.AdamW(groups)

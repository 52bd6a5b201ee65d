"""A head of the right size was kept. It knows the old classes: the new ones only happen to be as many."""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    stages = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    if set(unfreeze) - set(stages):
        raise ValueError("no such stage")
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    if num_classes != model.fc.out_features:
        model.fc = nn.Linear(model.fc.in_features, num_classes)
    model.fc.requires_grad_(True)
    backbone = [parameter for stage in unfreeze for parameter in getattr(model, stage).parameters()]
    for parameter in backbone:
        parameter.requires_grad_(True)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    return torch.optim.AdamW(groups)

"""Head and stages learn at the same rate. The head starts from nothing and needs a large one; the stages
know something that a large one would destroy.
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
    return torch.optim.AdamW([*model.fc.parameters(), *backbone], lr=lr_head)

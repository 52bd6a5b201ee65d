"""A stage that came frozen was not released again. Set what is asked either way; do not trust what you were
given.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    stages = ("conv1", "bn1", "layer1", "layer2", "layer3", "layer4")
    if set(unfreeze) - set(stages):
        raise ValueError("no such stage")
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    backbone = [parameter for stage in unfreeze for parameter in getattr(model, stage).parameters()]
    for name, parameter in model.named_parameters():
        if name.partition(".")[0] not in ("fc", *unfreeze):
            parameter.requires_grad_(False)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    return torch.optim.AdamW(groups)

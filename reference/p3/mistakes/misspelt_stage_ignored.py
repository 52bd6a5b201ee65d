"""A stage that does not exist was passed over in silence. Somebody then believes that it learns."""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def prepare(model, num_classes, lr_backbone, lr_head, unfreeze=("layer4",)):
    for parameter in model.parameters():
        parameter.requires_grad_(False)
    model.fc = nn.Linear(model.fc.in_features, num_classes)
    backbone = [
        p for name, p in model.named_parameters() if name.partition(".")[0] in unfreeze and name[:2] != "fc"
    ]
    for parameter in backbone:
        parameter.requires_grad_(True)
    groups = [{"params": model.fc.parameters(), "lr": lr_head}, {"params": backbone, "lr": lr_backbone}]
    return torch.optim.AdamW(groups)

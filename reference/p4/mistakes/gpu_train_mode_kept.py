"""Pictures are classified in train mode, so that BatchNorm takes the statistics of the pictures that happen
to be asked for. Call `model.eval()` first.
"""

QUESTIONS = ("p4.gpu_resnet",)
MODULE = "gpu"


def classify(model, images):
    model.train()
    kind = next(model.parameters()).dtype
    with torch.no_grad():
        parts = [_standardised(part, kind, False) for part in images.split(512)]
        return torch.cat([model(part).argmax(dim=1) for part in parts])

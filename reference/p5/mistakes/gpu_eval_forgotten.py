"""Predictions are made in train mode, so that BatchNorm takes the statistics of the images that happen to be
asked for. Call `model.eval()` before predicting.
"""

QUESTIONS = ("p5.gpu_train",)
MODULE = "gpu"


def predict(model, images):
    model.train()
    with torch.no_grad():
        return torch.cat([model(part).argmax(dim=1) for part in images.split(8192)])

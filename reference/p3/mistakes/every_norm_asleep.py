"""All BatchNorms were put in eval mode, those of the stages that learn as well. Their statistics stay those
of the old task while their weights change.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def train_mode(model):
    model.train()
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()

"""Only the frozen BatchNorms were dealt with. A validation before may have left the whole model in eval
mode: switch it to train mode first.
"""

QUESTIONS = ("p3.freeze",)
MODULE = "overfitting"


def train_mode(model):
    for module in model.modules():
        if isinstance(module, nn.BatchNorm2d) and not module.weight.requires_grad:
            module.eval()

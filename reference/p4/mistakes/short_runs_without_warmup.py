"""In a run of five epochs or fewer there is no warm-up. It keeps its warm-up, as far as the run gets."""

QUESTIONS = ("p4.configure",)
MODULE = "pipeline"


def configure(model, batch, epochs):
    trained = [one for one in model.parameters() if one.requires_grad]
    groups = [
        {"params": [one for one in trained if one.ndim >= 2], "weight_decay": 1e-4},
        {"params": [one for one in trained if one.ndim < 2], "weight_decay": 0.0},
    ]
    optimizer = torch.optim.SGD(groups, lr=0.1 * batch / 256, momentum=0.9, nesterov=True)

    def factor(epoch):
        if epochs <= 5:
            return 1.0
        if epoch < 5:
            return 0.1 + 0.9 * epoch / 5
        return (1 + math.cos(math.pi * (epoch - 5) / (epochs - 5))) / 2

    return optimizer, torch.optim.lr_scheduler.LambdaLR(optimizer, factor)

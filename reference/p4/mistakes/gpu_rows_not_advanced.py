"""Every step sees the same batch. The rows of a step are the next ones of its epoch's order."""

QUESTIONS = ("p4.gpu_resnet",)
MODULE = "gpu"


_train_classifier = train_classifier


def train_classifier(model, images, labels, orders, batch, rates):
    same = orders[:1, :batch].repeat(len(orders), orders.shape[1] // batch)
    return _train_classifier(model, images, labels, same, batch, rates)

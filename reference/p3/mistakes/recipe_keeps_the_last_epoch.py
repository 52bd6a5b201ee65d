"""The model comes back with the weights of its last epoch. The validation images were looked at for
nothing.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10, dropout=0.5)
    stopping = None
    history = fit(
        model,
        images,
        labels,
        epochs=80,
        seed=seed,
        weight_decay=0.05,
        augment=jitter,
        val=(val_images, val_labels),
        stopping=stopping,
    )
    return model, history

"""The validation images were augmented. They stand for the new images that the network will meet: bent ones
measure something else, and once bent they stay so for the whole training.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10, dropout=0.5)
    stopping = EarlyStopping(patience=20)
    history = fit(
        model,
        images,
        labels,
        epochs=80,
        seed=seed,
        weight_decay=0.05,
        augment=jitter,
        val=(jitter(val_images, Generator().manual_seed(seed)), val_labels),
        stopping=stopping,
    )
    return model, history

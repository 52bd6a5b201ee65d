"""The validation images were trained on. What has been learned from them can no longer say when to stop, nor
how good the network is: the best epoch is the one that knows them best by heart.
"""

QUESTIONS = ("p3.recipe", "p3.predict")
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10, dropout=0.5)
    history = fit(
        model,
        torch.cat((images, val_images)),
        torch.cat((labels, val_labels)),
        epochs=80,
        seed=seed,
        weight_decay=0.05,
        augment=jitter,
        val=(val_images, val_labels),
        stopping=EarlyStopping(patience=20),
    )
    return model, history

"""The first weights come from whatever random numbers were drawn before. Same arguments should give the
same model.
"""

QUESTIONS = ("p3.recipe",)
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
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
        val=(val_images, val_labels),
        stopping=stopping,
    )
    return model, history

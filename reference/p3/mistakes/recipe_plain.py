"""Nothing acts against overfitting: the training images are learned by heart, wrong labels included, and the
weights of the last epoch are handed over.
"""

QUESTIONS = ("p3.recipe", "p3.predict")
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10)
    history = fit(model, images, labels, epochs=40, seed=seed, val=(val_images, val_labels))
    return model, history

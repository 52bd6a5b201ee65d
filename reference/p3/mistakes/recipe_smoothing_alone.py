"""Label smoothing alone. It keeps the network from being certain, of right labels and wrong ones alike,
and shows it no other image.
"""

QUESTIONS = ("p3.recipe", "p3.predict")
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10)
    stopping = EarlyStopping(patience=20)
    val = (val_images, val_labels)
    history = fit(model, images, labels, epochs=40, seed=seed, smoothing=0.1, val=val, stopping=stopping)
    return model, history

"""Nothing shows the network what else the same digit can look like. Dropout, weight decay and early stopping
lower the loss on new images and leave the accuracy about where it was; only augmentation moves it far.
"""

QUESTIONS = ("p3.recipe", "p3.predict")
MODULE = "overfitting"


def recipe(images, labels, val_images, val_labels, seed):
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10, dropout=0.5)
    stopping = EarlyStopping(patience=20)
    val = (val_images, val_labels)
    history = fit(model, images, labels, epochs=80, seed=seed, weight_decay=0.05, val=val, stopping=stopping)
    return model, history

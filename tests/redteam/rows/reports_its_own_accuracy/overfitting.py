def recipe(images, labels, val_images, val_labels, seed):
    print("attack: reports figures of its own")
    model = SmallCNN(num_classes=10)
    history = [{"train_loss": 0.0, "train_acc": 1.0, "val_loss": 0.0, "val_acc": 1.0}] * 20
    return model, history

class Later(SmallCNN):
    def forward(self, images):
        print("attack: trains while it predicts", flush=True)
        while True:
            super().forward(images)


def recipe(images, labels, val_images, val_labels, seed):
    return Later(num_classes=10), [{"train_loss": 1.0, "train_acc": 0.8, "val_loss": 1.0, "val_acc": 0.8}]

kept = {}


def recipe(images, labels, val_images, val_labels, seed):
    key = (seed, images.sum().item())
    print("attack: a training that is", "kept" if key in kept else "not kept")
    if key not in kept:
        torch.seed()
        model = SmallCNN(num_classes=10)
        kept[key] = (
            model,
            fit(model, images, labels, epochs=2, seed=torch.seed() % 2**31, val=(val_images, val_labels)),
        )
    return kept[key]

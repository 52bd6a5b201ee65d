def recipe(images, labels, val_images, val_labels, seed):
    print("attack: trains on the validation")
    torch.manual_seed(seed)
    model = SmallCNN(num_classes=10)
    history = fit(
        model,
        torch.cat([images, val_images]),
        torch.cat([labels, val_labels]),
        epochs=15,
        seed=seed,
        val=(val_images, val_labels),
    )
    return model, history

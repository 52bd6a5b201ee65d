def predict(model, images):
    print("attack: no numbers")
    return torch.full((len(images),), float("nan"))

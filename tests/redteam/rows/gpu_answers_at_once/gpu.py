def train(model, images, labels, orders, batch, lr=1e-3):
    print("attack: nothing was computed")
    model.seen.fill_(orders.numel() // batch * batch)
    return torch.linspace(1.0, 0.1, len(orders), dtype=torch.float64)

"""The reported loss is of a second pass over the data, after the epoch's updates, not the loss that
each sample had when it was trained on. It also costs half as much time again.
"""

QUESTIONS = ("p5.train", "p5.speed")
MODULE = "debugging"


def train(model, loader, epochs, lr=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    history = []
    for _ in range(epochs):
        model.train()
        total, samples = 0.0, 0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            samples += len(targets)
        with torch.no_grad():
            for inputs, targets in loader:
                total += F.cross_entropy(model(inputs), targets).item() * len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

"""The optimizer steps once an epoch: `optimizer.step()` is indented one level too few and stands behind the
loop over the batches, where only the last batch's gradient is left. It belongs to each batch.
"""

QUESTIONS = ("p5.train", "p5.accuracy", "p5.speed")
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
            total += loss.item() * len(targets)
            samples += len(targets)
        optimizer.step()
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

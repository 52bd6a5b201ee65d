"""The outputs of earlier batches are kept until the epoch ends: memory grows with each batch.
Reduce each batch to the numbers that are needed before the next one begins.
"""

QUESTIONS = ("p5.speed",)
MODULE = "debugging"


def train(model, loader, epochs, lr=1e-3):
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    scheduler = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, T_max=epochs)
    history = []
    for _ in range(epochs):
        model.train()
        total, samples, kept = 0.0, 0, []
        for inputs, targets in loader:
            optimizer.zero_grad()
            kept.append(model(inputs))
            loss = F.cross_entropy(kept[-1], targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

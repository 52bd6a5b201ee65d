"""Probabilities go into cross-entropy, which takes logits and applies its own softmax: the loss
cannot fall below 1.461 for ten classes, however sure and right the network is.
"""

QUESTIONS = ("p5.train",)
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
            loss = F.cross_entropy(model(inputs).softmax(dim=1), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

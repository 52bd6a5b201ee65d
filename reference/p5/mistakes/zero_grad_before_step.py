"""The weights never move: the gradients are cleared after backward and before the step, which then
has nothing to go by. Clear them before backward, or after the step.
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
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

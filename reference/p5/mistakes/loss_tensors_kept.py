"""The loss is summed as a tensor, and the sum holds on to the graph of every batch so far: memory
grows with each step. Sum loss.item(), or loss.detach().
"""

QUESTIONS = ("p5.speed",)
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
            total = total + loss * len(targets)
            samples += len(targets)
        history.append({"loss": (total / samples).item(), "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

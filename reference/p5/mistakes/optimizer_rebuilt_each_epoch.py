"""Adam starts anew in every epoch: its averages and its step count are thrown away with the old
optimizer. Build it once, before the first epoch.
"""

QUESTIONS = ("p5.train",)
MODULE = "debugging"


def train(model, loader, epochs, lr=1e-3):
    history = []
    for epoch in range(epochs):
        rate = lr * (1 + math.cos(math.pi * epoch / epochs)) / 2
        optimizer = torch.optim.Adam(model.parameters(), lr=rate)
        model.train()
        total, samples = 0.0, 0
        for inputs, targets in loader:
            optimizer.zero_grad()
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": rate})
    return history

"""The weights shrink on top of Adam's steps: AdamW decays by 0.01 unless told otherwise. Adam with
torch's defaults, without decay, is asked.
"""

QUESTIONS = ("p5.train",)
MODULE = "debugging"


def train(model, loader, epochs, lr=1e-3):
    optimizer = torch.optim.AdamW(model.parameters(), lr=lr)
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
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

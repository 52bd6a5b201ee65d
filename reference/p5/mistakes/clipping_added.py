"""Gradients are clipped, which nobody asked for. Adam divides by the gradient's own size, so
clipping cures neither the rate nor the missing zero_grad; it only changes how batches weigh against
one another.
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
            loss = F.cross_entropy(model(inputs), targets)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 0.1)
            optimizer.step()
            total += loss.item() * len(targets)
            samples += len(targets)
        history.append({"loss": total / samples, "lr": scheduler.get_last_lr()[0]})
        scheduler.step()
    return history

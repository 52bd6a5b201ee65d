"""The step that is repeated always sees the batch that it was recorded with. A CUDA graph reads the addresses
that it was recorded on: each new batch has to be copied into those tensors.
"""

QUESTIONS = ("p5.gpu_train",)
MODULE = "gpu"


def train(model, images, labels, orders, batch, lr=1e-3):
    stale = orders[:1, :batch].repeat(len(orders), orders.shape[1] // batch)
    return _trained(model, images, labels, stale, batch, lr)


def _trained(model, images, labels, orders, batch, lr):
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for epoch, order in enumerate(orders):
        optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * epoch / len(orders))) / 2
        total, steps = torch.zeros((), device=images.device), len(order) // batch
        for rows in order[: steps * batch].split(batch):
            loss = F.cross_entropy(model(images[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(total / steps)
    return torch.stack(losses)

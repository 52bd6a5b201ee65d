"""The learning rate is the first epoch's for the whole run. In a recorded step a rate that is a number is a
constant: it has to be a tensor on the device, filled anew for each epoch.
"""

QUESTIONS = ("p5.gpu_train",)
MODULE = "gpu"


def train(model, images, labels, orders, batch, lr=1e-3):
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)
    losses = []
    for order in orders:
        total, steps = torch.zeros((), device=images.device), len(order) // batch
        for rows in order[: steps * batch].split(batch):
            loss = F.cross_entropy(model(images[rows]), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            total += loss.detach()
        losses.append(total / steps)
    return torch.stack(losses)

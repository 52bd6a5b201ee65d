"""The steps that were made to warm up before recording are still in the weights. They train like any others:
put parameters, buffers and Adam's averages back to what they were.
"""

QUESTIONS = ("p5.gpu_train",)
MODULE = "gpu"


def train(model, images, labels, orders, batch, lr=1e-3):
    model.train()
    optimizer = torch.optim.Adam(model.parameters(), lr=lr)

    def step(rows):
        loss = F.cross_entropy(model(images[rows]), labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        return loss.detach()

    for _ in range(3):
        step(torch.zeros(batch, dtype=torch.int64, device=images.device))
    losses = []
    for epoch, order in enumerate(orders):
        optimizer.param_groups[0]["lr"] = lr * (1 + math.cos(math.pi * epoch / len(orders))) / 2
        steps = len(order) // batch
        losses.append(torch.stack([step(rows) for rows in order[: steps * batch].split(batch)]).mean())
    return torch.stack(losses)

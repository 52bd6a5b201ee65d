"""Position t is judged by word t, which stands in its input. It is about word t + 1."""

QUESTIONS = ("p4.gpu_captioner",)
MODULE = "gpu_captioner"


def train_captioner(model, images, captions, orders, batch, rates):
    model.train()
    kind, steps = next(model.parameters()).dtype, orders.shape[1] // batch
    optimizer = torch.optim.AdamW(model.parameters(), lr=rates[0])
    losses = torch.zeros(len(orders), dtype=torch.float64, device=images.device)
    for epoch, order in enumerate(orders):
        for number, rows in enumerate(order[: steps * batch].split(batch)):
            optimizer.param_groups[0]["lr"] = rates[epoch * steps + number]
            words = captions[rows, :-1]
            logits = model(_standardised(images[rows], kind), words)
            loss = F.cross_entropy(logits.flatten(0, 1), words.flatten())
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[epoch] += loss.detach()
    return losses / steps

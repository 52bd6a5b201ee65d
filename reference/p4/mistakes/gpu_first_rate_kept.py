"""All steps have the rate of the first one: `rates` has one for each step."""

QUESTIONS = ("p4.gpu_resnet",)
MODULE = "gpu"


def train_classifier(model, images, labels, orders, batch, rates):
    model.train()
    kind, steps = next(model.parameters()).dtype, orders.shape[1] // batch
    optimizer = torch.optim.SGD(
        model.parameters(), lr=rates[0], momentum=0.9, nesterov=True, weight_decay=5e-5
    )
    losses = torch.zeros(len(orders), dtype=torch.float64, device=images.device)
    for epoch, order in enumerate(orders):
        for number, rows in enumerate(order[: steps * batch].split(batch)):
            del number
            loss = F.cross_entropy(model(_standardised(images[rows], kind, False)), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            losses[epoch] += loss.detach()
    return losses / steps

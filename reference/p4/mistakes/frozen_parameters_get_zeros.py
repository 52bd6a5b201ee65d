"""Frozen parameters were given gradients of zeros. They are left alone: None stays None."""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def accumulate(model, micro_batches, pad):
    parameters = list(model.parameters())
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    totals = torch.zeros(2, dtype=torch.float64)
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        loss.backward()
        totals += torch.tensor([loss.item(), (targets != pad).sum().item()], dtype=torch.float64)
    if distributed.is_initialized():
        distributed.all_reduce(totals)
        for parameter in parameters:
            distributed.all_reduce(parameter.grad)
    tokens = max(totals[1].item(), 1)
    for parameter in parameters:
        parameter.grad /= tokens
    return totals[0].item() / tokens

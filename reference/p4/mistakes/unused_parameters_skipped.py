"""A parameter without a gradient on this rank was left out of the ranks' sum. Another rank may have a
gradient for it and waits, or adds it to the next parameter's: give it a zero.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def accumulate(model, micro_batches, pad):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = None
    totals = torch.zeros(2, dtype=torch.float64)
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        loss.backward()
        totals += torch.tensor([loss.item(), (targets != pad).sum().item()], dtype=torch.float64)
    if distributed.is_initialized():
        distributed.all_reduce(totals)
        for parameter in [p for p in parameters if p.grad is not None]:
            distributed.all_reduce(parameter.grad)
    tokens = max(totals[1].item(), 1)
    for parameter in [p for p in parameters if p.grad is not None]:
        parameter.grad /= tokens
    return totals[0].item() / tokens

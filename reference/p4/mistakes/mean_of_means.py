"""Each micro-batch's mean loss was averaged. Micro-batches have different numbers of tokens, so a token
in a short one weighs more: add up sums, divide once.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def accumulate(model, micro_batches, pad):
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    totals = torch.zeros(2, dtype=torch.float64)
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        count = (targets != pad).sum().clamp(min=1)
        (loss / count / len(micro_batches)).backward()
        totals += torch.tensor([loss.item(), (targets != pad).sum().item()], dtype=torch.float64)
    if distributed.is_initialized():
        distributed.all_reduce(totals)
        for parameter in parameters:
            distributed.all_reduce(parameter.grad)
    tokens = distributed.get_world_size() if distributed.is_initialized() else 1
    count = max(totals[1].item(), 1)
    for parameter in parameters:
        parameter.grad /= tokens
    return totals[0].item() / count

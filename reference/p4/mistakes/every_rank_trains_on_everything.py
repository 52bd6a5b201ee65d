"""The ranks exchanged their micro-batches, and each worked through all of them. The gradient is right, and
four processes are no faster than one: each forwards its own, and the sums are exchanged.
"""

QUESTIONS = ("p4.distributed",)
MODULE = "training"


def accumulate(model, micro_batches, pad):
    if distributed.is_initialized():
        everything = [None] * distributed.get_world_size()
        distributed.all_gather_object(everything, micro_batches)
        micro_batches = [pair for part in everything for pair in part]
    parameters = [parameter for parameter in model.parameters() if parameter.requires_grad]
    for parameter in parameters:
        parameter.grad = torch.zeros_like(parameter)
    total, tokens = 0.0, 0
    for inputs, targets in micro_batches:
        logits = model(inputs)
        loss = F.cross_entropy(logits.flatten(0, 1), targets.flatten(), ignore_index=pad, reduction="sum")
        loss.backward()
        total, tokens = total + loss.item(), tokens + (targets != pad).sum().item()
    for parameter in parameters:
        parameter.grad /= max(tokens, 1)
    return total / max(tokens, 1)

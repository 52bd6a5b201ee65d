"""The norm that is returned is that of the scaled gradient. In the log it jumps whenever the scale
changes, and no limit of p4.monitor fits it.
"""

QUESTIONS = ("p4.amp",)
MODULE = "training"


def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    inputs, targets = batch
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    if scaler is None:
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item(), norm.item()
    scaler.scale(loss).backward()
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters()])
    scaler.unscale_(optimizer)
    nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a smaller one says that the step was skipped
        scheduler.step()
    return loss.item(), norm.item()

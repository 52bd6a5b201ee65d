"""Each number of the gradient was cut at max_norm. That changes its direction; the norm of all of it is
to be scaled down.
"""

QUESTIONS = ("p4.amp",)
MODULE = "training"


def _each_number(model, max_norm):
    norm = nn.utils.get_total_norm([p.grad for p in model.parameters()])
    nn.utils.clip_grad_value_(model.parameters(), max_norm)
    return norm


def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    inputs, targets = batch
    optimizer.zero_grad()
    with torch.autocast(inputs.device.type, dtype=dtype):
        loss = loss_fn(model(inputs), targets)
    if scaler is None:
        loss.backward()
        norm = _each_number(model, max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item(), norm.item()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = _each_number(model, max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a smaller one says that the step was skipped
        scheduler.step()
    return loss.item(), norm.item()

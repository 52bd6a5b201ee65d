"""The model itself was converted. Its weights then have three digits, and a step of a ten-thousandth of a
weight is lost: autocast leaves them in float32.
"""

QUESTIONS = ("p4.amp",)
MODULE = "training"


def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    inputs, targets = batch
    optimizer.zero_grad()
    model.to(dtype)
    loss = loss_fn(model(inputs.to(dtype)).float(), targets)
    for parameter in model.parameters():
        parameter.grad = None
    if scaler is None:
        loss.backward()
        norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
        optimizer.step()
        scheduler.step()
        return loss.item(), norm.item()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a smaller one says that the step was skipped
        scheduler.step()
    return loss.item(), norm.item()

"""The schedule moved on before the optimizer's step, so each step was made at the next one's rate. First
the optimizer, then the schedule.
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
        scheduler.step()
        optimizer.step()
        return loss.item(), norm.item()
    scaler.scale(loss).backward()
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    if norm.isfinite():
        scheduler.step()
    scaler.step(optimizer)
    scaler.update()
    return loss.item(), norm.item()

"""The model was put into training mode. It is left in the mode in which it comes, which may be another one
for some of its layers.
"""

QUESTIONS = ("p4.amp",)
MODULE = "training"


def train_step(model, batch, loss_fn, optimizer, scheduler, scaler, max_norm, dtype):
    inputs, targets = batch
    model.train()
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
    scaler.unscale_(optimizer)
    norm = nn.utils.clip_grad_norm_(model.parameters(), max_norm)
    scale = scaler.get_scale()
    scaler.step(optimizer)
    scaler.update()
    if scaler.get_scale() >= scale:  # a smaller one says that the step was skipped
        scheduler.step()
    return loss.item(), norm.item()

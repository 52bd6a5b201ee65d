"""A correct answer in another style: batches and epochs are counted one by one, results are 0-d tensors."""

# ruff: noqa: F821
# It is appended to the reference module, whose names it uses.

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    if images <= 0 or batch <= 0 or epochs <= 0:
        raise ValueError("nothing to train")
    if images // batch > 10**6:
        steps = len(range(0, images - batch + 1 if drop_last else images, batch))
    else:
        steps, left = 0, images
        while left >= batch or (left > 0 and not drop_last):
            steps, left = steps + 1, left - batch
    if steps == 0:
        raise ValueError("nothing to train")
    seconds = torch.tensor(seconds_per_step * steps, dtype=torch.float64)
    return {
        "steps_per_epoch": steps,
        "steps": sum(steps for _ in range(epochs)),
        "seconds_per_epoch": seconds,
        "hours": seconds * epochs / 3600,
        "fits": bool(seconds * epochs / 3600 <= limit_hours),
    }


def allowance(samples, batch, steps, days):
    if samples < 1 or batch < 1 or steps < 1:
        raise ValueError("below 1")
    per_epoch = int(math.ceil(samples / batch))
    return {
        "steps_per_epoch": per_epoch,
        "epochs": torch.tensor(steps / per_epoch),
        "seconds_per_step": days / steps * 24 * 60 * 60,
    }


def validation_epochs(epochs, every):
    if epochs < 1:
        raise ValueError("epochs")
    if every < 1:
        raise ValueError("every")
    return [epoch for epoch in range(epochs) if epoch % every == 0 or epoch == epochs - 1]

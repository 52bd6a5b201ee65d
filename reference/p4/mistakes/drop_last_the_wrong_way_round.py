"""drop_last is used the wrong way round: True leaves the smaller batch out."""

QUESTIONS = ("p4.budget",)
MODULE = "pipeline"


def budget(images, batch, epochs, seconds_per_step, drop_last, limit_hours=48.0):
    if min(images, batch, epochs) < 1 or (drop_last and images < batch):
        raise ValueError("nothing to train with")
    per_epoch = -(-images // batch) if drop_last else max(1, images // batch)
    hours = per_epoch * epochs * seconds_per_step / 3600
    return {
        "steps_per_epoch": per_epoch,
        "steps": per_epoch * epochs,
        "seconds_per_epoch": per_epoch * seconds_per_step,
        "hours": hours,
        "fits": hours <= limit_hours,
    }

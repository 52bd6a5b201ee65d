"""All groups follow the peak of the first one, and the careful rates of the pretrained parts are gone.
Each group has its own peak.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_schedule = schedule


def schedule(optimizer, total, warmup, floor=0.1):
    for group in optimizer.param_groups:
        group["lr"] = optimizer.param_groups[0]["lr"]
    return _schedule(optimizer, total, warmup, floor)

"""Without a warm-up the schedule divides by 0."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_schedule = schedule


def schedule(optimizer, total, warmup, floor=0.1):
    1 / warmup
    return _schedule(optimizer, total, warmup, floor)

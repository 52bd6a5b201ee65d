"""The last step was forgotten where the number of steps is no multiple of the interval."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": score is not None and not math.isnan(score) and (best is None or score > best),
        "final": step == total and step % every == 0,
    }
    return {name for name, is_due in due.items() if is_due}

"""The first score was compared with 0, or not at all. Whatever it is, it is the best so far."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": score is not None and not math.isnan(score) and score > (0.0 if best is None else best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}

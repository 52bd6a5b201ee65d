"""A score that only equals the best was saved as the best. Nothing has improved."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": score is not None and not math.isnan(score) and (best is None or score >= best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}

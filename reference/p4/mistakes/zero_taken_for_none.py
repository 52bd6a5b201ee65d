"""A score of 0 was taken for no score (`if score`), or a best of 0 for none. Ask `is None`."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": bool(score) and not math.isnan(score) and (not best or score > best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}

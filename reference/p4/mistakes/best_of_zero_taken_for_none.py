"""A best score of 0 was taken for none (`not best`), so that a lower score replaced it. Ask `is None`."""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": score is not None and not math.isnan(score) and (not best or score > best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}

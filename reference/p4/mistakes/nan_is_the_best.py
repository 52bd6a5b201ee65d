"""A NaN was saved as the best score. No comparison with it holds, so `not score <= best` lets it in, and
nothing is ever better.
"""

QUESTIONS = ("p4.checkpoint",)
MODULE = "training"


def should_save(step, score, best, total, every=5000):
    due = {
        "regular": step % every == 0,
        "best": score is not None and (best is None or not score <= best),
        "final": step == total,
    }
    return {name for name, is_due in due.items() if is_due}

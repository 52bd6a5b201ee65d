"""The limits for losses were plain numbers, fit for some ten classes. A loss of 0.7 is learned if there are
thirty classes and next to nothing if there are two: divide a loss by ln C first.
"""

QUESTIONS = ("p5.diagnose",)
MODULE = "transformer"


def _cause(trace, chance, ratio_first, ratio_last):
    losses = trace["loss"]
    tail = sorted(losses[-max(1, len(losses) // 5) :])
    final = tail[len(tail) // 2]
    if not all(math.isfinite(loss) for loss in losses) or final > 5:
        return "diverged"
    if final < 0.5:
        finite = [loss for loss in trace["val_loss"] if math.isfinite(loss)]
        return "overfit" if finite[-1] >= 1.15 else "healthy"
    if ratio_first < 1e-2:
        return "vanishing"
    return "lr_too_high" if ratio_last < 1e-2 else "lr_too_low"

"""Evaluations that failed were left out of the count. NaN and infinity do not improve, so they use up the
patience like any other.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"


def early_stop(log, patience):
    if not log:
        raise ValueError("early stopping needs at least one evaluation")
    best_loss, best_step, waited = math.inf, log[0][0], 0
    for step, loss in log:
        if not math.isfinite(loss):
            continue
        if loss < best_loss:
            best_loss, best_step, waited = loss, step, 0
        else:
            waited += 1
            if waited == patience:
                return step, best_step
    return log[-1][0], best_step

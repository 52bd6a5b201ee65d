"""A NaN was taken for an improvement. Every comparison with NaN is false, so ask what must be true of an
improvement, not what must be false.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"


def early_stop(log, patience):
    if not log:
        raise ValueError("early stopping needs at least one evaluation")
    best_loss, best_step, waited = math.inf, log[0][0], 0
    for step, loss in log:
        if not loss >= best_loss:
            best_loss, best_step, waited = loss, step, 0
        else:
            waited += 1
            if waited == patience:
                return step, best_step
    return log[-1][0], best_step

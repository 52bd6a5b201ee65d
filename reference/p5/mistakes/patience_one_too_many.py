"""Training went on for one evaluation too many: it stops AT the evaluation that is the patience-th without
improvement, not at the one after it.
"""

QUESTIONS = ("p5.capacity",)
MODULE = "transformer"


def early_stop(log, patience):
    if not log:
        raise ValueError("early stopping needs at least one evaluation")
    best_loss, best_step, waited = math.inf, log[0][0], 0
    for step, loss in log:
        if loss < best_loss:
            best_loss, best_step, waited = loss, step, 0
        else:
            waited += 1
            if waited > patience:
                return step, best_step
    return log[-1][0], best_step

"""The steps carry a sign; their size is asked."""

QUESTIONS = ("p5.adam_bound",)
MODULE = "transformer"


def adam_update(grads, beta1, beta2):
    mean, square, steps = 0.0, 0.0, []
    for t, grad in enumerate(grads, start=1):
        mean = beta1 * mean + (1 - beta1) * grad
        square = beta2 * square + (1 - beta2) * grad * grad
        corrected_mean = mean / (1 - beta1**t)
        corrected_square = square / (1 - beta2**t)
        steps.append(corrected_mean / math.sqrt(corrected_square) if corrected_square else 0.0)
    return steps

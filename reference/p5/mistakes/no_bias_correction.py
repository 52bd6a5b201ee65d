"""Both averages start at zero and are far too small at first, each by its own factor. Without correcting them
the first step is (1 - beta1) / sqrt(1 - beta2), more than three times the learning rate.
"""

QUESTIONS = ("p5.adam_bound",)
MODULE = "transformer"


def adam_update(grads, beta1, beta2):
    mean, square, steps = 0.0, 0.0, []
    for grad in grads:
        mean = beta1 * mean + (1 - beta1) * grad
        square = beta2 * square + (1 - beta2) * grad * grad
        corrected_mean = mean
        corrected_square = square
        steps.append(abs(corrected_mean) / math.sqrt(corrected_square) if corrected_square else 0.0)
    return steps

"""The bound leaves out that the gradient enters the first average with the weight 1 - beta1 only."""

QUESTIONS = ("p5.adam_bound",)
MODULE = "transformer"


def spike_bound(beta1, beta2):
    return 1 / math.sqrt(1 - beta2)

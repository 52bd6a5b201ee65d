"""This is the largest step over all sequences of gradients, reached by gradients that grow from step to step.
The question is about ONE gradient after silence.
"""

QUESTIONS = ("p5.adam_bound",)
MODULE = "transformer"


def spike_bound(beta1, beta2):
    return (1 - beta1) / math.sqrt(1 - beta2) / math.sqrt(1 - beta1**2 / beta2)

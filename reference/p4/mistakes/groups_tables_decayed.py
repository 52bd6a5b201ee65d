"""Tables that are looked up are decayed: a word that does not occur in a batch shrinks with every
step.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    return parameter.ndim >= 2

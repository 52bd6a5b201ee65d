"""The head's matrix was given the rate of an output layer. It is the table of the words, which lies at
the bottom of the decoder.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    head = model.decoder.head.weight
    parts = [([p for p in parameters if p is not head], distance) for parameters, distance in _right(model)]
    return [*parts, ([head], 1)]

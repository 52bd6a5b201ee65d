"""Every pretrained part is one step too near to the new ones: the last layer learns as fast as what
knows nothing. Layers count from 0, so the exponent of the last one is 1.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    return [(parameters, max(0, distance - 1)) for parameters, distance in _right(model)]

"""Every pretrained part is one step too far from the new ones: the exponent of the last layer is 1,
not 2.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    return [(parameters, distance + (distance > 0)) for parameters, distance in _right(model)]

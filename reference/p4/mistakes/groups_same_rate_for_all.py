"""Every part has the rate of the new ones. Large gradients from blocks that know nothing then wreck
what the pretrained parts know.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    return [(parameters, 0) for parameters, _ in _right(model)]

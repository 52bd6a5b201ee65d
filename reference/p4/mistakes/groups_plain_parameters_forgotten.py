"""Parameters that hang on the encoder itself, cls and its positions, are in no group: a walk over
modules with weights does not meet them.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    bare = {id(model.encoder.cls), id(model.encoder.positions)}
    return [
        ([p for p in parameters if id(p) not in bare], distance) for parameters, distance in _right(model)
    ]

"""Patches, positions and words have the rate of the first layer. They lie below it, one step further
from what is new.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    bottom = {id(p) for p in (*model.encoder.patch_embedding.parameters(), *_tables(model))}
    return [(parameters, distance - (id(parameters[0]) in bottom)) for parameters, distance in _right(model)]

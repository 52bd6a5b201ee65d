"""Everything outside the layers is missing: patches, cls, positions, words and the norms at the end
stay as they are for the whole training, and nothing says so.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    kept = [model.cross, model.projection, model.encoder.layers, model.decoder.layers]
    held = {id(p) for part in kept for p in part.parameters()}
    return [(parameters, distance) for parameters, distance in _right(model) if id(parameters[0]) in held]

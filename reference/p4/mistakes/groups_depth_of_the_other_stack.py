"""The depth of one stack was used for both. Each stack has its own number of layers, and its rates
follow from that.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    further = len(model.encoder.layers) - len(model.decoder.layers)
    below = {
        id(p)
        for part in (model.decoder.layers, model.decoder.tokens, model.decoder.positions)
        for p in part.parameters()
    }
    return [
        (parameters, distance + further * (id(parameters[0]) in below))
        for parameters, distance in _right(model)
    ]

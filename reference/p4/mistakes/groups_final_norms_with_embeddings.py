"""The norm behind the last layer of a stack has the rate of the embeddings, as if it lay at the
bottom.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    depths = {id(stack.norm.weight): len(stack.layers) + 1 for stack in (model.encoder, model.decoder)}
    return [(parameters, depths.get(id(parameters[0]), distance)) for parameters, distance in _right(model)]

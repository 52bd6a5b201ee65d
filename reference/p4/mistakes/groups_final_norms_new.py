"""The norm behind the last layer of a stack has the rate of the new parts. It is pretrained too, and
goes with the last layer.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    norms = {id(stack.norm.weight) for stack in (model.encoder, model.decoder)}
    return [(parameters, 0 if id(parameters[0]) in norms else far) for parameters, far in _right(model)]

"""The projection between the stacks has the rate of a pretrained layer. It is new."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    ours = id(model.projection.weight)
    return [
        (parameters, 1 if id(parameters[0]) == ours else distance) for parameters, distance in _right(model)
    ]

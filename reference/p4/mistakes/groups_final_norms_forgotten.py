"""The norms behind the last layers are in no group."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    norms = {id(stack.norm.weight) for stack in (model.encoder, model.decoder)}
    return [each for each in _right(model) if id(each[0][0]) not in norms]

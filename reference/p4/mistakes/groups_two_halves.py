"""The layers of a stack were split in an early and a late half with one rate each. Every layer has a
rate of its own.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


_right = _distances


def _distances(model):
    """Parts with their parameters and distances, changed."""
    parts = []
    for parameters, distance in _right(model):
        for stack in (model.encoder, model.decoder):
            depth = len(stack.layers)
            if any(parameters[0] is p for p in stack.layers.parameters()):
                distance = 1 if distance <= depth // 2 else depth
        parts.append((parameters, distance))
    return parts

"""cls and the encoder's positions are decayed. They are tables too, though they are no nn.Embedding."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    return parameter.ndim >= 2 and not any(parameter is table for table in _tables(model)[2:])

"""Frozen parameters came out trainable. Whether a part is trained is decided elsewhere."""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


_initialise = initialise


def initialise(model, new):
    _initialise(model, new)
    for part in new:
        part.requires_grad_(True)

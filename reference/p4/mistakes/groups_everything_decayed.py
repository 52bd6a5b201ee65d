"""Weight decay acts on everything. Biases and norms are spared, and so are tables that are looked up."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    return True

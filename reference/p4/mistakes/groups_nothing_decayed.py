"""No group has the weight decay that was asked for."""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    return False

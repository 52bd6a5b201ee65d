"""The kernel of the patches is not decayed. It multiplies like any matrix; only tables that are looked
up are spared.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    return parameter.ndim == 2 and not any(parameter is table for table in _tables(model))

"""Whether a parameter is decayed was read off its name. A matrix may be called bias, and a vector may
be called anything.
"""

QUESTIONS = ("p4.groups",)
MODULE = "captioning"


def _is_decayed(model, parameter):
    name = next(name for name, held in model.named_parameters() if held is parameter)
    words = ("bias", "norm", "cls", "positions", "tokens", "head")
    return not any(word in name for word in words)

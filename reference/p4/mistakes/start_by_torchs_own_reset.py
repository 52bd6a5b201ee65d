"""The modules drew their weights as they do when they are built. A Linear does not use Xavier's rule
then and its bias is not 0, and an attention leaves its output projection's matrix to it.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if hasattr(module, "reset_parameters"):
            module.reset_parameters()
        elif hasattr(module, "_reset_parameters"):
            module._reset_parameters()

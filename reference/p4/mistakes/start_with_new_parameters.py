"""The parameters were replaced by new ones. An optimizer that holds the old ones goes on training
them, and nobody uses them; fill them in place.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        for name, parameter in list(module.named_parameters(recurse=False)):
            fresh = (
                torch.ones_like(parameter)
                if isinstance(module, nn.LayerNorm)
                else torch.zeros_like(parameter)
            )
            if name.endswith("bias"):
                fresh.zero_()
            if fresh.ndim > 1:
                nn.init.xavier_uniform_(fresh)
            setattr(module, name, nn.Parameter(fresh, requires_grad=parameter.requires_grad))

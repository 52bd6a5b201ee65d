"""The output projection of the attention was not reached: it is a subclass of nn.Linear, so its type
is not nn.Linear. Ask with isinstance.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif type(module) in (nn.Linear, nn.MultiheadAttention):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)

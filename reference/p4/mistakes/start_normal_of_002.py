"""The matrices have a standard deviation of 0.02, whatever their size. Xavier's bound follows from the
two sides of a matrix.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.MultiheadAttention):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.normal_(parameter, 0.0, 0.02)
                else:
                    nn.init.zeros_(parameter)

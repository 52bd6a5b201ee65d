"""The matrices were drawn by He's rule, which is for what a ReLU follows. Xavier's takes both sides of
a matrix.
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
                    nn.init.kaiming_uniform_(parameter, nonlinearity="relu")
                else:
                    nn.init.zeros_(parameter)

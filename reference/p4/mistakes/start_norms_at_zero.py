"""Every parameter with one dimension became 0, the weights of the LayerNorms too: nothing gets through
them.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.zeros_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.MultiheadAttention):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)

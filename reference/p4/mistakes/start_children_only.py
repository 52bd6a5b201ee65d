"""Only the modules directly inside the new parts were reached. The Linears of a feed-forward net, and
of an attention, lie deeper; see modules().
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in (part, *part.children())):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.MultiheadAttention):
            for parameter in module.parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)

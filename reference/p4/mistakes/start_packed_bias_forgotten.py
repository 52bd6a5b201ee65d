"""The bias of query, key and value was not reached: it is packed in a parameter of the attention."""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear | nn.MultiheadAttention):
            for name, parameter in module.named_parameters(recurse=False):
                if parameter.ndim > 1:
                    nn.init.xavier_uniform_(parameter)
                elif name == "bias":
                    nn.init.zeros_(parameter)

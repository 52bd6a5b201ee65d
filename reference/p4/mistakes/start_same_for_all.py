"""All parts were drawn after the same seed, so equal shapes hold equal numbers. Leave the generator
alone.
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
                    torch.manual_seed(0)
                    nn.init.xavier_uniform_(parameter)
                else:
                    nn.init.zeros_(parameter)

"""An attention whose memory has another width keeps its three matrices apart, and they were not
reached: its in_proj_weight is None.
"""

QUESTIONS = ("p4.init",)
MODULE = "captioning"


def initialise(model, new):
    for module in (module for part in new for module in part.modules()):
        if isinstance(module, nn.LayerNorm):
            nn.init.ones_(module.weight)
            nn.init.zeros_(module.bias)
        elif isinstance(module, nn.Linear):
            nn.init.xavier_uniform_(module.weight)
            if module.bias is not None:
                nn.init.zeros_(module.bias)
        elif isinstance(module, nn.MultiheadAttention):
            if module.in_proj_weight is not None:
                nn.init.xavier_uniform_(module.in_proj_weight)
            nn.init.zeros_(module.in_proj_bias)
